import type { Installed } from './install.ts'

/** What every peer is asked to run. */
export type TaskName = 'noop' | 'fib' | 'step'

export interface Call {
  readonly task: TaskName
  readonly argument: unknown
}

/** Where one trial of a peer takes place. */
export interface PeerEnv {
  /** A fresh folder of this trial; the two processes of a crash share it. */
  readonly dir: string
  /** Holds the packages of all peers. */
  readonly packages: string
  /** Of the service on loopback; `null` for a peer without one. */
  readonly url: string | null
  /** Of this trial alone: a schema or a key prefix. */
  readonly namespace: string
  readonly threads: number
}

/** One peer behind the same few calls. What it has no means for is `null`, and printed as such. */
export interface Queue {
  /** Resolves once the job is stored. */
  enqueue(call: Call): Promise<unknown>
  /** The peer's own bulk call. */
  readonly enqueueMany: ((calls: readonly Call[]) => Promise<unknown>) | null
  /** After much was stored at once: what its server does by itself within a minute. Not timed. */
  readonly settle?: () => Promise<unknown>
  /** Starts the workers. */
  work(): Promise<unknown>
  /** Resolves once `n` jobs have ended since the start of this process and the peer says that none is left. */
  drained(n: number): Promise<unknown>
  /** How many have ended since the start of this process. */
  ended(): number | Promise<number>
  /** Resolves after some milliseconds, for a peer whose jobs may let no timer run; others go by a timer. */
  readonly wait?: (ms: number) => Promise<unknown>
  /** Enqueues one job and resolves once its end is known. */
  readonly roundTrip: (() => Promise<unknown>) | null
}

export type Service = 'redis' | 'postgres'

export interface Peer {
  readonly name: string
  /** From the registry, with a version where another does not work; empty for ourselves and for what npm does not install. */
  readonly packages: readonly string[]
  /** Versions that its packages are held to among themselves. */
  readonly overrides?: Readonly<Record<string, string>>
  /** Oldest release line of Node that it runs on, where that is newer than ours: it gets one of its own. */
  readonly node?: number
  readonly service: Service | null
  /** The best documented settings that were chosen. */
  readonly settings: string
  /** What an acknowledged job survives. */
  readonly durability: string
  readonly runsIn: string
  /** How the caller learns of the end of a job in the round trip. */
  readonly roundTripBy: string
  /** Looks for what the machine itself has to bring. */
  readonly system?: () => Installed
  open(env: PeerEnv): Promise<Queue>
}
