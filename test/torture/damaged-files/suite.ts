/** Opens databases whose file or log went bad: each works, or is refused with a reason; nothing dies and nothing hangs. */
import { type ChildProcess, fork } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seeded } from '../../crash/random.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'
import { damaged } from './damage.ts'

const FILES: Record<Size, number> = { short: 250, nightly: 20_000, release: 200_000 }
/** What says that the engine did not know what it was given. */
const NO_REASON = /^(threw|left|gave|ENGINE_CRASHED)/
const OPENER = join(import.meta.dirname, 'opener.js')
const MAKER = join(import.meta.dirname, 'maker.js')

interface Template {
  database: Buffer
  wal: Buffer
}

/** A database with jobs of every kind, whose last commits are still in its log. */
async function makeTemplate(folder: string): Promise<Template> {
  const path = join(folder, 'template.db')
  const maker = fork(MAKER, [path], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ready = await new Promise((resolve) => {
    maker.once('message', () => resolve(true))
    maker.once('exit', () => resolve(false))
  })
  if (!ready) throw new Error('the template could not be made')
  maker.kill('SIGKILL')
  await new Promise((resolve) => maker.once('close', resolve))
  return { database: readFileSync(path), wal: readFileSync(`${path}-wal`) }
}

/** One process that opens files until it dies of one. */
class Opener {
  readonly #child: ChildProcess = fork(OPENER, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  readonly stray: string[] = []

  open(database: string): Promise<string> {
    return new Promise((resolve) => {
      const died = (code: number | null, signal: string | null): void =>
        resolve(`threw the process away: ${signal ?? code}`)
      const said = (message: unknown): void => {
        if (typeof message !== 'string') {
          this.stray.push((message as { about: string }).about)
          return
        }
        this.#child.off('message', said).off('exit', died)
        resolve(message)
      }
      this.#child.on('message', said).once('exit', died)
      this.#child.send(database)
    })
  }

  get alive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  async end(): Promise<void> {
    if (!this.alive) return
    this.#child.kill('SIGKILL')
    await new Promise((resolve) => this.#child.once('close', resolve))
  }
}

export const damagedFiles: Suite = {
  name: 'damaged-files',
  what: 'opens databases with bytes changed, pages lost or swapped, and files cut off',
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const count = Math.ceil(FILES[size] * share)
    const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'celeriac-damaged-'))
    const violations: string[] = []
    const outcomes = new Map<string, number>()
    const openers: Opener[] = []
    try {
      const template = await makeTemplate(folder)
      const seeds = Array.from({ length: count }, () => Math.floor(random() * 2 ** 31))
      let next = 0
      const work = async (lane: number): Promise<void> => {
        for (let at = next++; at < count; at = next++) {
          if (!openers[lane]?.alive) openers[lane] = new Opener()
          const opener = openers[lane] as Opener
          const place = join(folder, `lane-${lane}`)
          rmSync(place, { recursive: true, force: true })
          mkdirSync(place)
          const what = layOut(template, place, seeds[at] as number)
          const outcome = await opener.open(join(place, 'jobs.db'))
          for (const about of [outcome, ...opener.stray.splice(0)])
            if (NO_REASON.test(about)) violations.push(`file ${seeds[at]} (${what}): ${about.slice(0, 500)}`)
          outcomes.set(outcome.split(' ')[0] as string, (outcomes.get(outcome.split(' ')[0] as string) ?? 0) + 1)
          progress(at + 1, count)
        }
      }
      await Promise.all([work(0), work(1)])
    } finally {
      await Promise.all(openers.map((opener) => opener.end()))
      rmSync(folder, { recursive: true, force: true })
    }
    return { cases: count, violations, notes: Object.fromEntries(outcomes) }
  },
}

function layOut({ database, wal }: Template, place: string, seed: number): string {
  const random = seeded(seed)
  const target = random() < 0.6 ? 'database' : 'log'
  const { way, bytes } = damaged(target === 'database' ? database : wal, random)
  writeFileSync(join(place, 'jobs.db'), target === 'database' ? bytes : database)
  // A database alone is as it is after a checkpoint.
  if (target === 'log' || random() < 0.5) writeFileSync(join(place, 'jobs.db-wal'), target === 'log' ? bytes : wal)
  return `${target}: ${way}`
}
