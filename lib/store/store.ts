import { realpathSync, statSync } from 'node:fs'
import { DatabaseReplaced } from '../errors.ts'
import type { Durability } from '../wire/engine-options.ts'
import { Audit } from './audit.ts'
import { type AwaitedKeys, awaitedKeysOf } from './awaited-keys.ts'
import { StoredCommands } from './commands.ts'
import { Controls } from './controls.ts'
import type { Connection, Statement } from './driver.ts'
import { FailedRestarts } from './failed-restarts.ts'
import { Folding } from './folding.ts'
import { handBack } from './free-pages.ts'
import { type Admission, admissionOf } from './jobs/admission.ts'
import { JobClaims } from './jobs/claim.ts'
import { JobInserts } from './jobs/insert.ts'
import { Lines } from './jobs/line.ts'
import { JobLinks } from './jobs/links.ts'
import { JobReads } from './jobs/read.ts'
import { JobRetries } from './jobs/retry.ts'
import { JobRevocations } from './jobs/revoke.ts'
import { JobSearch } from './jobs/search.ts'
import { JobSettlements } from './jobs/settle.ts'
import { SettledBlocks } from './jobs/settle-blocks.ts'
import { Logs } from './logs.ts'
import { BUSY_TIMEOUT, openDatabase } from './open.ts'
import { Processes } from './processes.ts'
import { Pruning } from './prune.ts'
import { type Rates, ratesOf } from './rates.ts'
import { Queues } from './reading/queues.ts'
import { RedactedPaths } from './redacted.ts'
import { Schedules } from './schedules.ts'
import { Slots } from './slots.ts'
import { storageError } from './sqlite-errors.ts'
import { type Tally, tallyOf } from './tally.ts'
import { WalFile } from './wal-file.ts'

/** What SQLite makes files with, unless told otherwise. */
const PAGE_BYTES = 4_096

/** The engine's one connection to the file, and every statement it runs. */
export class Store {
  readonly path: string
  readonly inserts: JobInserts
  readonly admission: Admission
  readonly lines: Lines
  readonly links: JobLinks
  readonly claims: JobClaims
  readonly settlements: JobSettlements
  readonly settledBlocks: SettledBlocks
  readonly reads: JobReads
  readonly retries: JobRetries
  readonly revocations: JobRevocations
  readonly search: JobSearch
  readonly processes: Processes
  readonly redacted: RedactedPaths
  readonly queues: Queues
  readonly commands: StoredCommands
  readonly schedules: Schedules
  readonly controls: Controls
  readonly rates: Rates
  readonly awaitedKeys: AwaitedKeys
  readonly slots: Slots
  readonly logs: Logs
  readonly pruning: Pruning
  readonly audit: Audit
  readonly folding: Folding
  readonly failedRestarts: FailedRestarts
  readonly #db: Connection
  readonly #tally: Tally
  readonly #durable: boolean
  readonly #begin: Statement
  readonly #commit: Statement
  readonly #rollback: Statement
  readonly #savepoint: Statement
  readonly #release: Statement
  readonly #undo: Statement
  readonly #dataVersion: Statement
  readonly #checkpoint: Statement
  readonly #file: { dev: number; ino: number }
  readonly #wal: WalFile
  /** The latest look at what other connections had committed, and the one before the last sync. */
  #seenVersion = -1
  #syncedVersion = -1
  #version: number

  constructor(path: string, durability: Durability) {
    this.path = path
    this.#durable = durability === 'full'
    this.#db = openDatabase(path)
    this.#wal = new WalFile(path)
    const db = this.#db
    this.#begin = db.prepare('BEGIN IMMEDIATE')
    this.#commit = db.prepare('COMMIT')
    this.#rollback = db.prepare('ROLLBACK')
    this.#savepoint = db.prepare('SAVEPOINT celeriac_attempt')
    this.#release = db.prepare('RELEASE celeriac_attempt')
    this.#undo = db.prepare('ROLLBACK TO celeriac_attempt')
    this.#dataVersion = db.prepare('PRAGMA data_version').pluck()
    this.#checkpoint = db.prepare('PRAGMA wal_checkpoint(PASSIVE)').raw()
    this.#tally = tallyOf(db)
    this.admission = admissionOf(db)
    this.inserts = new JobInserts(db)
    this.lines = new Lines(db)
    this.links = new JobLinks(db, this.inserts)
    this.claims = new JobClaims(db)
    this.settlements = new JobSettlements(db)
    this.settledBlocks = new SettledBlocks(db, this.settlements)
    this.reads = new JobReads(db)
    this.retries = new JobRetries(db)
    this.revocations = new JobRevocations(db)
    this.search = new JobSearch(db)
    this.commands = new StoredCommands(db)
    this.queues = new Queues(db)
    this.processes = new Processes(db)
    this.redacted = new RedactedPaths(db)
    this.schedules = new Schedules(db)
    this.controls = new Controls(db)
    this.rates = ratesOf(db)
    this.awaitedKeys = awaitedKeysOf(db)
    this.slots = new Slots(db)
    this.logs = new Logs(db)
    this.pruning = new Pruning(db)
    this.audit = new Audit(db)
    this.folding = new Folding(db)
    this.failedRestarts = new FailedRestarts(db)
    const { dev, ino } = statSync(path)
    this.#file = { dev, ino }
    this.#version = this.dataVersion()
  }

  get open(): boolean {
    return this.#db.open
  }

  /** Whether what is promised must lie on the disk first. */
  get durable(): boolean {
    return this.#durable
  }

  /** Runs `work` in one write transaction, which `sync()` brings to the disk. */
  write<T>(work: () => T): T {
    this.#begin.run()
    try {
      const result = work()
      this.#tally.flush()
      this.#commit.run()
      return result
    } catch (error) {
      this.#tally.clear()
      this.rates.clear()
      if (this.#db.inTransaction) this.#rollback.run()
      throw error
    }
  }

  /**
   * Brings all that was committed to the disk, whichever connection or process committed it: a commit lies in the WAL,
   * which is read back to its last whole commit after a power cut.
   */
  sync(): void {
    this.#syncedVersion = this.#seenVersion
    this.#wal.sync()
  }

  /** The same without waiting for the disk in this thread. */
  syncAside(done: (error: Error | null) => void): void {
    this.#syncedVersion = this.#seenVersion
    this.#wal.syncAside(done)
  }

  /** Whether another connection may have committed something that neither it nor a sync of this one has brought to the disk. */
  unsyncedElsewhere(): boolean {
    return this.dataVersion() !== this.#syncedVersion
  }

  /** Changes with each commit of another connection. */
  dataVersion(): number {
    this.#seenVersion = this.#dataVersion.get() as number
    return this.#seenVersion
  }

  /** Inside `write()`: when `work` throws, what it wrote is undone, and the transaction can go on. */
  attempt<T>(work: () => T): T {
    const tally = this.#tally
    // What is counted so far stays.
    tally.flush()
    this.#savepoint.run()
    try {
      return work()
    } catch (error) {
      tally.clear()
      // Some errors, such as a full disk, end the whole transaction.
      if (this.#db.inTransaction) this.#undo.run()
      throw error
    } finally {
      if (this.#db.inTransaction) this.#release.run()
    }
  }

  /** Whether another connection has committed since the last call. */
  changedElsewhere(): boolean {
    const version = this.dataVersion()
    if (version === this.#version) return false
    this.#version = version
    return true
  }

  /** @throws DatabaseReplaced when the path no longer leads to the open file: SQLite would go on "working" in the lost one */
  assertSameFile(): void {
    let now: { dev: number; ino: number }
    try {
      now = statSync(this.path)
    } catch (error) {
      throw new DatabaseReplaced(`${this.path} was deleted while in use — restore it and start the app again`, {
        cause: error,
      })
    }
    if (now.ino !== this.#file.ino || now.dev !== this.#file.dev) {
      throw new DatabaseReplaced(`${this.path} was replaced by another file while in use — start the app again`)
    }
  }

  /**
   * Copies the WAL into the file as far as readers allow, without waiting; returns the bytes that lie in the WAL, and those of
   * them that are in the file. Null while another connection does it.
   */
  checkpoint(): { bytes: number; copied: number } | null {
    const [, pages, copied] = this.#checkpoint.get() as [number, number, number]
    return pages < 0 ? null : { bytes: pages * PAGE_BYTES, copied: copied * PAGE_BYTES }
  }

  /** SQLite puts it beside the file that a link leads to. */
  get walPath(): string {
    return `${realpathSync(this.path)}-wal`
  }

  /** Size of the WAL's file, of which less may be in use. */
  walBytes(): number {
    return statSync(`${this.path}-wal`, { throwIfNoEntry: false })?.size ?? 0
  }

  /**
   * The same, waiting up to `patience` ms for a moment without readers, after which the WAL is written from its beginning.
   * Readers that follow each other closely leave no such moment by themselves. False when one stayed, null when another
   * connection was at it.
   * @param shrink hands the file's space back at once, rather than to write over it
   */
  restartWal(patience: number, shrink: boolean): boolean | null {
    this.#db.pragma(`busy_timeout = ${patience}`)
    try {
      const [result] = this.#db.pragma(`wal_checkpoint(${shrink ? 'TRUNCATE' : 'RESTART'})`) as [
        { busy: number; log: number },
      ]
      if (result.busy === 0) return true
      return result.log < 0 ? null : false
    } finally {
      this.#db.pragma(`busy_timeout = ${BUSY_TIMEOUT}`)
    }
  }

  /** Hands free pages back to the disk when they are many; false when there was nothing to hand back. */
  handBack(least: number, share: number, pages: number): boolean {
    const free = this.#db.pragma('freelist_count', { simple: true }) as number
    if (free < least || free < share * (this.#db.pragma('page_count', { simple: true }) as number)) return false
    return handBack(this.#db, pages) > 0
  }

  close(): void {
    if (!this.#db.open) return
    this.#wal.close()
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)')
    } catch (error) {
      throw storageError(error, this.path)
    } finally {
      this.#db.close()
    }
  }
}
