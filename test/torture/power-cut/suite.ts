/** Cuts the power: replays what a program wrote, and looks at every kind of disk that a cut may leave. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Package } from '../../crash/children.ts'
import { integer, type Random } from '../../crash/random.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import type { FileEvent } from '../watched/events.ts'
import { missingWatching } from '../watched/library.ts'
import { CUTS, Disk } from './disk.ts'
import { broken, layOut, type Reopened, reopen, tornTransactions } from './image.ts'
import type { Promised } from './promised.ts'
import { recordWorkload } from './recording.ts'

const IMAGES: Record<Size, number> = { short: 5_000, nightly: 200_000, release: 1_000_000 }
/** Images made of one recording: more look at the same instants again. */
const IMAGES_A_RECORDING = 1_250
const ROUNDS = 30
/** A disk that takes so long, in µs, is waited for in another thread while the engine goes on. */
const SLOW = 2_000

export interface CutOptions {
  images: number
  durability: 'full' | 'normal'
  random: Random
  pkg?: Package
  progress?: (done: number) => void
}

export interface CutReport {
  images: number
  /** Images that miss something that was promised, with what they miss. */
  lossy: number
  violations: string[]
}

/** Memory where there is some: thousands of images are written and thrown away. */
const scratch = (): string => mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-image-'))

export async function cutPower({ images, durability, random, pkg, progress }: CutOptions): Promise<CutReport> {
  const report: CutReport = { images: 0, lossy: 0, violations: [] }
  const folder = scratch()
  try {
    while (report.images < images) {
      const seed = integer(random, 0, 2 ** 31)
      const syncDelay = random() < 0.5 ? SLOW : 0
      const events = await recordWorkload({ durability, seed, rounds: ROUNDS, syncDelay, ...(pkg && { pkg }) })
      const writes = events.filter((event) => event.kind === 'write').length
      const syncs = events.filter((event) => event.kind === 'sync').length
      if (writes < 100 || syncs < 2) throw new Error(`recorded only ${writes} writes and ${syncs} syncs`)
      const count = Math.min(IMAGES_A_RECORDING, images - report.images)
      lookAtCuts(events, instants(events, count, random), folder, durability, random, report)
      progress?.(report.images)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return report
}

/** How many images to make after each event; none where a cut changes nothing. */
function instants(events: readonly FileEvent[], count: number, random: Random): Map<number, number> {
  const chosen = new Map<number, number>()
  for (let i = 0; i < count; i++) {
    const at = integer(random, 0, events.length - 1)
    chosen.set(at, (chosen.get(at) ?? 0) + 1)
  }
  return chosen
}

function lookAtCuts(
  events: readonly FileEvent[],
  chosen: ReadonlyMap<number, number>,
  folder: string,
  durability: 'full' | 'normal',
  random: Random,
  report: CutReport,
): void {
  const disk = new Disk()
  const promises: Promised[] = []
  events.forEach((event, at) => {
    disk.play(event)
    if (event.kind === 'said') promises.push(JSON.parse(event.line) as Promised)
    for (let left = chosen.get(at) ?? 0; left > 0; left--) {
      const cut = CUTS[integer(random, 0, CUTS.length - 1)] as (typeof CUTS)[number]
      const where = `cut after event ${at} of ${events.length}, unsynced writes: ${cut} of ${disk.unsynced}`
      report.images++
      const { lost, wrong } = judge(layOut(disk.cut(cut, random), folder), promises, durability)
      if (lost) report.lossy++
      if (wrong.length > 0) report.violations.push(`${where}: ${wrong.slice(0, 3).join('; ')}`)
    }
  })
}

function judge(
  database: string,
  promises: readonly Promised[],
  durability: 'full' | 'normal',
): { lost: boolean; wrong: string[] } {
  let file: Reopened
  try {
    file = reopen(database)
  } catch (error) {
    return { lost: true, wrong: [`the file does not open: ${String(error)}`] }
  }
  const wrong = file.integrity === 'ok' ? tornTransactions(file) : [`integrity_check says ${file.integrity}`]
  const missing = promises.map((promised) => broken(promised, file))
  const firstLost = missing.findIndex((text) => text !== null)
  if (firstLost === -1) return { lost: false, wrong }
  if (durability === 'full') return { lost: true, wrong: [...wrong, missing[firstLost] as string] }
  // Without a sync for each promise the last ones may be lost, but never one that is older than one that is kept.
  const later = missing.findIndex((text, i) => i > firstLost && text === null)
  if (later !== -1) wrong.push(`promise ${later} was kept and the older ${firstLost} was not: ${missing[firstLost]}`)
  return { lost: true, wrong }
}

export const powerCut: Suite = {
  name: 'power-cut',
  what: 'replays the writes of a program and looks at every kind of disk that a power failure may leave',
  missing: missingWatching,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const images = Math.ceil(IMAGES[size] * share)
    const full = await cutPower({
      images: images / 2,
      durability: 'full',
      random,
      progress: (done) => progress(done, images),
    })
    const normal = await cutPower({
      images: images / 2,
      durability: 'normal',
      random,
      progress: (done) => progress(images / 2 + done, images),
    })
    return {
      cases: full.images + normal.images,
      violations: [
        ...full.violations.map((text) => `full: ${text}`),
        ...normal.violations.map((text) => `normal: ${text}`),
      ],
      notes: {
        'images that lost a promise, full': full.lossy,
        'images that lost the last promises, normal': normal.lossy,
      },
    }
  },
}
