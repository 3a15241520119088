import type { CaseName } from './cases.ts'
import type { PeerReport, Report } from './report.ts'
import type { Outcome } from './trials.ts'

/** What must be the same in all pieces of one report, for its figures to stand beside each other. */
const SAME = ['machine', 'quick', 'repetitions', 'threads', 'sizes'] as const
type Setting = Pick<Report, (typeof SAME)[number]>

export type Growing = Omit<PeerReport, 'cases'> & { cases: Partial<Record<CaseName, Outcome[]>> }

/**
 * The peers of a report that is to go on, without what failed: that is tried again.
 * @throws when it was measured in another way, with what differs
 */
export function earlier(text: string, wanted: Setting): Growing[] {
  const report = JSON.parse(text) as Report
  const other = SAME.find((name) => report[name] !== wanted[name])
  if (other !== undefined)
    throw new Error(
      `--resume: the report was measured with ${other} ${JSON.stringify(report[other])}, and this run has ${JSON.stringify(wanted[other])}`,
    )
  return report.peers.map((peer) => ({
    ...peer,
    cases: Object.fromEntries(
      Object.entries(peer.cases).map(([name, outcomes]) => [name, outcomes.filter((each) => !('failed' in each))]),
    ),
  }))
}

/** What this run found of a peer, with what earlier ones did. */
export function joined(now: Growing, before: Growing | undefined): Growing {
  if (before === undefined) return now
  // What cannot be had today was measured then, and the other way round.
  if (now.missing !== undefined && Object.keys(before.cases).length > 0) return before
  if (now.missing === undefined && String(now.versions) !== String(before.versions) && before.missing === undefined)
    throw new Error(`--resume: the report has ${before.versions.join(', ')}, and this run ${now.versions.join(', ')}`)
  return { ...now, cases: before.missing === undefined ? before.cases : {} }
}
