import { AppHooks } from './app-hooks.ts'
import { backup, doctor } from './file-care.ts'
import type { Inspect } from './inspect.ts'
import { type Metrics, ProcessMetrics } from './process-metrics.ts'
import type { Reader } from './reader.ts'
import type { BackupReport, Diagnosis } from './wire/care.ts'

/** An app as the owner of a file: what is asked about the file rather than about jobs. */
export abstract class AppFile extends AppHooks {
  abstract readonly name: string
  abstract readonly database: string
  abstract readonly tasks: ReadonlyMap<string, unknown>
  abstract readonly inspect: Inspect
  abstract readonly reader: Reader
  #metrics: ProcessMetrics | null = null

  /**
   * Copies the file to `target` as it is at one moment, while the app goes on; see `backup()`.
   * @throws BackupExists, and the database errors
   */
  async backup(target: string): Promise<BackupReport> {
    return backup(this.database, target)
  }

  /** Examines the file; see `doctor()`. */
  async doctor(): Promise<Diagnosis> {
    return doctor(this.database, { tasks: [...this.tasks.keys()] })
  }

  /** Numbers of the file and of this process, for monitoring; `celeriac/metrics` serves them. */
  async metrics(): Promise<Metrics> {
    this.#metrics ??= new ProcessMetrics(this.name, this.reader, this.inspect)
    return this.#metrics.read()
  }
}
