import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Sample } from '../case.ts'
import type { Machine } from '../machine.ts'
import { runTrial } from '../runner.ts'
import { GATE, GATE_TRIALS } from './trials.ts'
import { type Baseline, type GateLine, gateTable, judgeGate } from './verdict.ts'

/** In the source tree, whether this runs from `dist/bench/gate` or not: what is compiled is not committed. */
export const BASELINE = fileURLToPath(new URL('../../../bench/baseline.json', import.meta.url))
const REPETITIONS = 3
/** A figure beyond its tolerance is measured again before anybody is told: noise does not last, a loss does. */
const AGAIN = 2

export interface GateOptions {
  readonly root: string
  readonly machine: Machine
  /** Trials; all without it. */
  readonly only: readonly string[] | null
  readonly repetitions: number | null
  readonly baseline: string
  /** Writes the ratios found as the new baseline. */
  readonly update: boolean
  readonly progress: (text: string) => void
}

/** Compares CPU time a job, in multiples of the raw table's in the same moment, with the committed baseline. */
export async function gate(options: GateOptions): Promise<{ text: string; lines: readonly GateLine[]; ok: boolean }> {
  const baseline = JSON.parse(readFileSync(options.baseline, 'utf8')) as Baseline
  for (const name of options.only ?? [])
    if (!(name in GATE_TRIALS))
      throw new Error(`no trial '${name}' in the gate; there are ${Object.keys(GATE_TRIALS).join(', ')}`)
  const names = options.only ?? Object.keys(GATE_TRIALS)
  const samples: Record<string, Sample[]> = Object.fromEntries(names.map((name) => [name, []]))
  const run = async (name: string): Promise<void> => {
    const dir = mkdtempSync(join(options.root, 'gate-'))
    try {
      const env = { dir, shared: dir, quick: true }
      samples[name]?.push(await runTrial({ name: GATE }, 'trial', name, env))
    } finally {
      rmSync(dir, { recursive: true, force: true })
    }
  }
  const repetitions = options.repetitions ?? REPETITIONS
  for (let i = 0; i < repetitions; i++) {
    for (const name of names) {
      options.progress(`gate: ${name} ${i + 1} of ${repetitions}`)
      await run(name)
    }
  }
  if (options.update) return update(baseline, samples, options)
  const doubtful = new Set(failing(baseline, samples))
  for (const name of doubtful) {
    for (let i = 0; i < AGAIN; i++) {
      options.progress(`gate: ${name} again, ${i + 1} of ${AGAIN}`)
      await run(name)
    }
  }
  const lines = judgeGate(baseline, samples)
  const ok = lines.every((line) => line.ok)
  const on = describe(options.machine)
  const notes = [
    ...(on === baseline.on ? [] : [`The baseline is of ${baseline.on}; this is ${on}.`]),
    ...(ok
      ? []
      : [
          'A ratio beyond its most is a loss of speed: mend it, or, when it is the price of something, `npm run bench -- --gate --update`.',
        ]),
  ]
  return { text: [gateTable(lines), ...notes].join('\n'), lines, ok }
}

function failing(baseline: Baseline, samples: Readonly<Record<string, readonly Sample[]>>): string[] {
  return judgeGate(baseline, samples)
    .filter(({ ok }) => !ok)
    .flatMap(({ name }) => baseline.figures[name]?.trial ?? [])
}

function update(baseline: Baseline, samples: Readonly<Record<string, readonly Sample[]>>, options: GateOptions) {
  const lines = judgeGate(baseline, samples)
  const found = new Map(lines.map(({ name, ratio }) => [name, Number(ratio.toFixed(2))]))
  const figures = Object.fromEntries(
    Object.entries(baseline.figures).map(([name, figure]) => [
      name,
      { ...figure, ratio: found.get(name) ?? figure.ratio },
    ]),
  )
  writeFileSync(options.baseline, `${JSON.stringify({ on: describe(options.machine), figures }, null, 2)}\n`)
  return { text: `${gateTable(lines)}\nWritten to ${options.baseline}.`, lines, ok: true }
}

const describe = ({ node, betterSqlite3 }: Machine): string => {
  const major = (version: string) => version.replace(/^v/, '').split('.')[0]
  return `Node ${major(node)}, better-sqlite3 ${major(betterSqlite3)}`
}
