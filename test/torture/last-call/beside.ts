/** A second process works on the file while the first dies at a call: it goes on, and ends what the dead one held. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Package } from '../../crash/children.ts'
import { until } from '../../crash/conditions.ts'
import { books } from '../books.ts'
import type { Promised } from '../power-cut/promised.ts'
import { type Fault, PATIENCE, run } from '../watched/program.ts'
import { command, endedWell, judge } from './left.ts'
import type { Operation } from './operation.ts'

/** Deaths beside one survivor, on one file, so that it stays small. */
const DEATHS_A_FILE = 40
/** What these do can be done once to a file. */
const ONCE: readonly Operation[] = ['rescue', 'prune', 'migrate', 'backup']
/** Whoever comes first does it, so both begin at once. */
const RACED: readonly Operation[] = ['rescue', 'migrate']

export interface Beside {
  operation: Operation
  faults: readonly Fault[]
  pkg: Package
  /** Makes a folder with a file for the operation. */
  place(): string
  /** What that file holds. */
  held: readonly Promised[]
}

/** @param ended told of each death: whether the call was reached, and what is wrong */
export async function dieBeside(
  { operation, faults, pkg, place, held }: Beside,
  ended: (fault: Fault, reached: boolean, wrong: string[]) => void,
): Promise<void> {
  const size = ONCE.includes(operation) ? 1 : DEATHS_A_FILE
  for (let from = 0; from < faults.length; from += size) {
    const folder = place()
    const database = join(folder, 'jobs.db')
    const said: string[] = []
    const survivor = new Survivor(command(pkg, 'survive', database), folder)
    try {
      if (!RACED.includes(operation)) await survivor.says('ready')
      const here = faults.slice(from, from + size)
      for (const [i, fault] of here.entries()) {
        // What it does would be pruned before it is looked at.
        if (operation !== 'prune' && !RACED.includes(operation)) survivor.tell('work')
        const victim = await run(command(pkg, operation, database), folder, fault)
        const wrong = [endedWell(fault, victim) ?? []].flat()
        try {
          if (RACED.includes(operation)) await survivor.says('ready')
          survivor.tell('alone')
          await survivor.says('done')
          said.push(...victim.said, ...survivor.taken())
          wrong.push(...(await judge({ where: '', operation, said, held, database }, false)))
          if (i === here.length - 1) wrong.push(...(await survivor.leave()), ...books(database))
        } catch (error) {
          wrong.push(`the other process: ${(error as Error).message}`)
        }
        ended(fault, victim.signal === 'SIGKILL', wrong)
        if (wrong.length > 0) break
      }
    } finally {
      await survivor.end()
    }
  }
}

class Survivor {
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>
  #lines: string[] = []
  #errors = ''

  constructor(args: readonly string[], cwd: string) {
    this.#child = spawn(process.execPath, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#closed = once(this.#child, 'close')
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => this.#lines.push(line))
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2_000)
    })
    // Told of as an end, by whoever waits for its next word.
    this.#child.stdin?.on('error', () => {})
  }

  tell(line: string): void {
    this.#child.stdin?.write(`${line}\n`)
  }

  /** Waits until it says so; @throws when it ends or says nothing of the kind */
  async says(word: 'ready' | 'done'): Promise<void> {
    const wanted = JSON.stringify(word)
    const said = (): boolean => {
      if (this.#lines.includes(wanted)) return true
      if (this.#over)
        throw new Error(`it ended with ${this.#child.signalCode ?? this.#child.exitCode}: ${this.#errors}`)
      return false
    }
    await until(`"${word}" (${this.#errors})`, said, PATIENCE)
    this.#lines = this.#lines.filter((line) => line !== wanted)
  }

  get #over(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  /** What it said since the last time. */
  taken(): string[] {
    return this.#lines.splice(0)
  }

  /** Stops it in good order; gives what is wrong with that. */
  async leave(): Promise<string[]> {
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGABRT'), PATIENCE)
    await this.#closed
    clearTimeout(timer)
    const { exitCode, signalCode } = this.#child
    return exitCode === 0 ? [] : [`the other process ended with ${signalCode ?? exitCode}: ${this.#errors}`]
  }

  async end(): Promise<void> {
    if (!this.#over) this.#child.kill('SIGKILL')
    await this.#closed
  }
}
