/** Files of older versions, opened by the next one, which dies at any instant: each is old or new as a whole. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { type Package, REAL_PACKAGE } from '../../crash/children.ts'
import { patchedPackage, removePatchedPackage } from '../../crash/patched-package.ts'
import { integer, type Random } from '../../crash/random.ts'
import { CUTS, Disk } from '../power-cut/disk.ts'
import { broken, heldBy, layOut, reopen } from '../power-cut/image.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { missingWatching } from '../watched/library.ts'
import { record, run } from '../watched/program.ts'
import { type Content, contentOf, type Files, filesAt, makeOldFiles, type OldFile } from './files.ts'
import { ADDED, NEXT_VERSION } from './next.ts'

/** Instants of death for each old file: every call that changes a file, and power cuts between them. */
const CUTS_EACH: Record<Size, number> = { short: 60, nightly: 10_000, release: 100_000 }
/** Of the files found after a death, those that a whole process goes on with. */
const USED: Record<Size, number> = { short: 1, nightly: 50, release: 500 }
/** Calls at which the disk fails instead of the process. */
const ERRORS: Record<Size, number> = { short: 1, nightly: 60, release: 600 }
const TOO_NEW = 'refused DATABASE_TOO_NEW'

interface UpgradeOptions {
  cuts: number
  used: number
  errors: number
  random: Random
  progress?: (done: number, of: number) => void
}

interface UpgradeReport {
  cases: number
  old: number
  migrated: number
  violations: string[]
}

const opener = ({ root }: Package): string => join(root, 'dist/test/torture/upgrade/opener.js')

async function upgrades(options: UpgradeOptions): Promise<UpgradeReport> {
  const report: UpgradeReport = { cases: 0, old: 0, migrated: 0, violations: [] }
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-upgrade-'))
  const next = patchedPackage(NEXT_VERSION)
  try {
    const made = join(folder, 'made')
    mkdirSync(made)
    for (const old of await makeOldFiles(made)) await upgrade(old, { next, folder }, options, report)
  } finally {
    removePatchedPackage(next)
    rmSync(folder, { recursive: true, force: true })
  }
  return report
}

interface Place {
  /** The library of the next version; today's is the real one. */
  next: Package
  folder: string
}

async function upgrade(old: OldFile, place: Place, options: UpgradeOptions, report: UpgradeReport): Promise<void> {
  const { next, folder } = place
  const { random, cuts, used, errors, progress } = options
  const found = (text: string): void => void report.violations.push(`${old.name}: ${text}`)
  const own = join(folder, 'own')
  const begin = (): string => lay(old.files, own)

  const before = contentOf(begin(), ADDED)
  const database = begin()
  const events = await record([opener(next), 'migrate', database], own)
  const after = contentOf(database, ADDED)
  for (const text of lost(before, after)) found(`migrated: ${text}`)
  if (after.version !== before.version + 1) found(`the next version left version ${after.version}`)
  const migrated = filesAt(database)

  const disk = new Disk(new Map([...old.files].map(([path, bytes]) => [join(own, basename(path)), bytes])))
  const instants = new Map<number, number>()
  for (let i = 0; i < cuts; i++) {
    const at = cuts >= events.length ? i % events.length : integer(random, 0, events.length - 1)
    instants.set(at, (instants.get(at) ?? 0) + 1)
  }
  const cut = join(folder, 'cut')
  const left: Files[] = []
  let done = 0
  for (const [at, event] of events.entries()) {
    disk.play(event)
    for (let n = instants.get(at) ?? 0; n > 0; n--) {
      // Of a process that dies, all that was written is there; a power cut takes of it what it likes.
      const how = n === 1 ? 'all' : (CUTS[integer(random, 0, CUTS.length - 1)] as (typeof CUTS)[number])
      const image = disk.cut(how, random)
      report.cases++
      for (const text of judge(layOut(image, cut), before, after, report)) found(`dies at call ${at} (${how}): ${text}`)
      if (random() < (3 * used) / cuts && left.length < used) left.push(filesAt(lay(image, cut)))
      progress?.(++done, cuts)
    }
  }
  for (const files of left.length > 0 ? left : [old.files])
    for (const text of await goOn(files, place, report)) found(text)
  for (let i = 0; i < errors; i++)
    for (const text of await fail(begin(), own, next, random, [before, after], report)) found(text)
  for (const text of await together(begin(), own, next, after, report)) found(text)
  for (const text of await refuse(migrated, place, report)) found(text)
}

function lay(files: ReadonlyMap<string, Buffer>, folder: string): string {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  for (const [path, bytes] of files) writeFileSync(join(folder, basename(path)), bytes)
  return join(folder, 'jobs.db')
}

const same = (a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean =>
  a.size === b.size && [...a].every(([key, value]) => b.get(key) === value)

/** Rows that are not as they were. */
const lost = (before: Content, { rows }: Content): string[] =>
  [...before.rows]
    .filter(([table, text]) => rows.get(table) !== text)
    .map(([table]) => `the rows of ${table} are not as they were`)

/** Old as a whole, or new as a whole. */
function judge(database: string, before: Content, after: Content, report: UpgradeReport): string[] {
  let content: Content
  try {
    content = contentOf(database, ADDED)
  } catch (error) {
    return [`the file does not open: ${String(error)}`]
  }
  const { integrity, version, schema } = content
  if (integrity !== 'ok') return [`integrity_check says ${integrity}`]
  const whole = version === before.version ? before : version === after.version ? after : null
  if (!whole) return [`the version is ${version}`]
  if (whole === before) report.old++
  else report.migrated++
  const wrong = lost(before, content)
  if (!same(schema, whole.schema)) wrong.push(`the version is ${version}, and the tables are not those of it`)
  return wrong
}

/** The next process finds what a dead one left, finishes the work, runs jobs and takes none away. */
async function goOn(files: Files, { next, folder }: Place, report: UpgradeReport): Promise<string[]> {
  const own = join(folder, 'used')
  const held = heldBy(reopen(lay(files, own)))
  const database = lay(files, own)
  report.cases++
  const { said, errors } = await run([opener(next), 'use', database], own)
  if (!/^used 42 \d+$/.test(said.at(-1) ?? ''))
    return [`the next process said ${said.join(', ')} ${errors.slice(-500)}`]
  const file = reopen(database)
  return held.flatMap((promised) => broken(promised, file) ?? []).map((text) => `after the next process: ${text}`)
}

/** A call fails: the file is not opened, with a reason, or opened all the same. */
async function fail(
  database: string,
  own: string,
  next: Package,
  random: Random,
  [before, after]: [Content, Content],
  report: UpgradeReport,
): Promise<string[]> {
  const how = (['ENOSPC', 'EIO', 'EINTR'] as const)[integer(random, 0, 2)] as 'EIO'
  const fault = { call: random() < 0.8 ? ('write' as const) : ('sync' as const), nth: integer(random, 1, 40), how }
  report.cases++
  const { said, code, signal, errors } = await run([opener(next), 'migrate', database], own, fault)
  const wrong = judge(database, before, after, report)
  const last = said.at(-1) ?? ''
  if (code !== 0) wrong.push(`ended with ${signal ?? code}: ${errors.slice(-300)}`)
  if (last !== 'migrated' && !/^refused [A-Z][A-Z_]+$/.test(last)) wrong.push(`said ${last}`)
  return wrong.map((text) => `${fault.call} ${fault.nth} fails with ${how}: ${text}`)
}

/** Several processes of the next version begin at once. */
async function together(
  database: string,
  own: string,
  next: Package,
  after: Content,
  report: UpgradeReport,
): Promise<string[]> {
  report.cases++
  const ended = await Promise.all(Array.from({ length: 3 }, () => run([opener(next), 'migrate', database], own)))
  const wrong = ended
    .filter(({ said }) => said.at(-1) !== 'migrated')
    .map(({ said }) => `one of three said ${said.join(', ')}`)
  const content = contentOf(database, ADDED)
  if (!same(content.schema, after.schema) || !same(content.rows, after.rows))
    wrong.push('three at once made another file than one')
  return wrong
}

/** What is newer than today's library is refused, and not a byte of it changed. */
async function refuse(migrated: Files, { next, folder }: Place, report: UpgradeReport): Promise<string[]> {
  const own = join(folder, 'newer')
  const wrong: string[] = []
  const database = lay(migrated, own)
  // A process that dies right after it wrote leaves a log.
  await run([opener(next), 'use', database], own, { call: 'unlink', nth: 1, how: 'kill' })
  const variants: [string, Files][] = [
    ['closed', migrated],
    ['with a log', filesAt(database)],
  ]
  for (const [name, files] of variants) {
    for (const what of ['migrate', 'use']) {
      const placed = lay(files, own)
      report.cases++
      const { said, errors } = await run([opener(REAL_PACKAGE), what, placed], own)
      if (said.at(-1) !== TOO_NEW)
        wrong.push(`a newer file, ${name}: today's library said ${said.join(', ')} ${errors.slice(-300)}`)
      const now = filesAt(placed)
      const changed = [...files].filter(([path, bytes]) => !now.get(join(own, basename(path)))?.equals(bytes))
      for (const [path] of changed)
        wrong.push(`a newer file, ${name}: today's library changed ${basename(path)} (${what})`)
    }
  }
  return wrong
}

export const upgradeSuite: Suite = {
  name: 'upgrade',
  what: 'opens files of older versions by the next one, which dies at any call, and files of the next one by this one',
  missing: missingWatching,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const of = (count: number): number => Math.ceil(count * share)
    const { cases, old, migrated, violations } = await upgrades({
      cuts: of(CUTS_EACH[size]),
      used: of(USED[size]),
      errors: of(ERRORS[size]),
      random,
      progress,
    })
    return { cases, violations, notes: { 'found old': old, 'found migrated': migrated } }
  },
}
