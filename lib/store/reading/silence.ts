import { PresenceProbe } from '../presence.ts'
import type { ProcessRow } from '../processes.ts'

/** From this age of its last beat on a process counts as silent, in ms: two beats and a half. */
const SILENT_AFTER = 25_000

/** What is known of a process that has a row. */
export interface Sign {
  /** Whether it holds the lock that its death would have freed. */
  alive: boolean
  /** Its last beat, when it is dead or hung; null of one that answers. */
  silentSince: number | null
}

/** Tells which processes are silent: each one's lock file is kept open, so that a look costs microseconds. */
export class Silence {
  readonly #database: string
  readonly #probes = new Map<string, PresenceProbe>()

  constructor(database: string) {
    this.#database = database
  }

  /** Of the processes given, which must be all, by key. */
  of(processes: readonly ProcessRow[], now: number): Map<string, Sign> {
    for (const [key, probe] of this.#probes) {
      if (processes.some((row) => row.key === key)) continue
      probe.close()
      this.#probes.delete(key)
    }
    return new Map(processes.map(({ key, beatAt }) => [key, this.#signOf(key, beatAt, now)]))
  }

  close(): void {
    for (const probe of this.#probes.values()) probe.close()
    this.#probes.clear()
  }

  #signOf(key: string, beatAt: number, now: number): Sign {
    let probe = this.#probes.get(key)
    if (!probe) {
      probe = new PresenceProbe(this.#database, key)
      this.#probes.set(key, probe)
    }
    const alive = probe.alive()
    return { alive, silentSince: alive && now - beatAt < SILENT_AFTER ? null : beatAt }
  }
}
