import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './conditions.ts'
import { type CrashEvent, EventLog, LogReader } from './events.ts'
import { createOwnTable } from './final-file.ts'
import { countKill } from './kill-count.ts'

/** Longest wait for anything a healthy child does, in ms: generous, because a loaded machine boots one in seconds. */
const PATIENCE = 60_000

/** A built copy of the library with these programs beside it; the real one unless a test says otherwise. */
export interface Package {
  root: string
}

export const REAL_PACKAGE: Package = { root: join(import.meta.dirname, '../../..') }

export interface RunOptions {
  pkg?: Package
  /** Pool threads of each process. Default 2. */
  threads?: number
  /** Most megabytes of a pool thread's heap. Default: Node's own. */
  heap?: number
  /** Folder of the programs, in the package. Default: those of this folder. */
  programs?: string
  /** Where the database lies. Default: beside the event log. */
  database?: string
}

/** As whom and with what a program is started, beside what every one is given. */
export type StartOptions = Pick<ForkOptions, 'uid' | 'gid' | 'env' | 'execArgv'>

/** One database with its event log, and the processes that work on it. */
export class CrashRun {
  readonly folder: string
  readonly database: string
  readonly log: EventLog
  readonly threads: number
  readonly pkg: Package
  readonly #heap: number | undefined
  readonly #programs: string
  readonly #reader: LogReader
  readonly #children = new Set<Child>()
  #ending = false

  constructor({
    pkg = REAL_PACKAGE,
    threads = 2,
    heap,
    programs = 'dist/test/crash/children',
    database,
  }: RunOptions = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'celeriac-crash-'))
    this.database = database ?? join(this.folder, 'jobs.db')
    this.log = new EventLog(join(this.folder, 'events.log'))
    this.#reader = new LogReader(this.log.path)
    this.threads = threads
    this.pkg = pkg
    this.#heap = heap
    this.#programs = programs
    createOwnTable(this.database)
  }

  /** Starts a program of the folder of programs. */
  start(program: string, orders: object = {}, { env, ...options }: StartOptions = {}): Child {
    const child = new Child(
      this.log,
      fork(join(this.pkg.root, this.#programs, `${program}.js`), [JSON.stringify(orders)], {
        env: {
          ...process.env,
          CRASH_DATABASE: this.database,
          CRASH_LOG: this.log.path,
          CRASH_THREADS: String(this.threads),
          ...(this.#heap !== undefined && { CRASH_HEAP: String(this.#heap) }),
          ...env,
        },
        // What a dying process may leave behind, such as a core dump, goes with the folder.
        cwd: this.folder,
        execArgv: [],
        ...options,
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      }),
    )
    this.#children.add(child)
    void child.ended.then(({ signal }) => {
      this.#children.delete(child)
      if (signal === 'SIGKILL' && !this.#ending) countKill()
    })
    return child
  }

  /** Runs a program to its end. */
  async finish(program: string, orders: object = {}): Promise<void> {
    const child = this.start(program, orders)
    const { code, signal } = await child.ended
    if (code !== 0) throw new Error(`${program} ended with ${signal ?? code}: ${child.output}`)
  }

  /** All that was written down so far. */
  events(): CrashEvent[] {
    return this.#reader.read()
  }

  /** Waits for an event. */
  seen(what: string, wanted: (event: CrashEvent) => boolean): Promise<CrashEvent> {
    return until(what, () => this.events().find(wanted))
  }

  /** Ends whatever still runs and removes the folder. */
  async end(): Promise<void> {
    const children = [...this.#children]
    this.#ending = true
    for (const child of children) child.process.kill('SIGKILL')
    await Promise.all(children.map((child) => child.ended))
    this.#reader.close()
    this.log.close()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

export class Child {
  readonly process: ChildProcess
  readonly pid: number
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  readonly #log: EventLog
  readonly #signs = new Set<string>()
  readonly #waiting = new Map<string, () => void>()
  #output = ''

  constructor(log: EventLog, process: ChildProcess) {
    this.#log = log
    this.process = process
    if (process.pid === undefined) throw new Error('the child could not be started')
    this.pid = process.pid
    process.on('message', (sign: string) => {
      this.#signs.add(sign)
      this.#waiting.get(sign)?.()
    })
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-4_000)
      })
    }
    this.ended = new Promise((resolve) => {
      process.once('close', (code, signal) => resolve({ code, signal }))
    })
  }

  /** What it printed last. */
  get output(): string {
    return this.#output
  }

  /** Resolves true once the child has given the sign, false when it ended without. */
  async gives(sign: string, patience = PATIENCE): Promise<boolean> {
    if (this.#signs.has(sign)) return true
    let timer: NodeJS.Timeout | undefined
    const given = new Promise<boolean>((resolve, reject) => {
      this.#waiting.set(sign, () => resolve(true))
      void this.ended.then(() => resolve(this.#signs.has(sign)))
      timer = setTimeout(() => {
        reject(new Error(`process ${this.pid} did not say "${sign}" within ${patience} ms: ${this.#output}`))
      }, patience)
    })
    return given.finally(() => clearTimeout(timer))
  }

  /** The signs that it has given. */
  get signs(): readonly string[] {
    return [...this.#signs]
  }

  /** A sign that was given counts no longer: the next one is waited for. */
  forget(sign: string): void {
    this.#signs.delete(sign)
  }

  /** Resolves once the engine has answered a question asked now. */
  async ping(): Promise<void> {
    this.#signs.delete('pong')
    this.tell('ping')
    if (!(await this.gives('pong'))) throw new Error(`process ${this.pid} ended: ${this.#output}`)
  }

  tell(message: string): void {
    if (this.process.connected) this.process.send(message)
  }

  /** Writes the fault down, kills the process and waits until it is gone. False when it had ended before. */
  async kill(): Promise<boolean> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return false
    this.#log.write({ what: 'kill', victim: this.pid })
    this.process.kill('SIGKILL')
    await this.ended
    return true
  }
}
