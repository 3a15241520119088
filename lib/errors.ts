/**
 * Every error a user can meet: one class each, with a stable `code` and a message that names the fact, the value and
 * the fix. Match on `code` (or `instanceof`), never on the message.
 */
export abstract class CeleriacError extends Error {
  /** Stable identifier, safe to match on across versions. */
  abstract readonly code: string

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}

/** An option has a name that does not exist, or a value it cannot take. */
export class InvalidOption extends CeleriacError {
  readonly code = 'INVALID_OPTION'
}

/** An argument or a result cannot be stored by the task's codec without losing something, or a stored one cannot be read. */
export class InvalidPayload extends CeleriacError {
  readonly code = 'INVALID_PAYLOAD'
}

/** Encoded arguments or an encoded result exceed `maxPayload`. */
export class PayloadTooLarge extends CeleriacError {
  readonly code = 'PAYLOAD_TOO_LARGE'
}

/** Arguments were refused by the task's `input` schema. */
export class InvalidInput extends CeleriacError {
  readonly code = 'INVALID_INPUT'
  /** What the schema said, one entry an issue. */
  readonly issues: readonly { readonly message: string; readonly path?: string }[]

  constructor(message: string, issues: readonly { readonly message: string; readonly path?: string }[] = []) {
    super(message)
    this.issues = issues
  }
}

/** Two tasks of one app carry the same name. */
export class DuplicateTask extends CeleriacError {
  readonly code = 'DUPLICATE_TASK'
}

/** A call with `onConflict: 'error'` found a job of its key; nothing was stored. */
export class DuplicateJob extends CeleriacError {
  readonly code = 'DUPLICATE_JOB'
  /** Id of the job that is there. */
  readonly taskId: string

  constructor(message: string, taskId: string) {
    super(message)
    this.taskId = taskId
  }
}

/** Two schedules of one app carry the same name. */
export class DuplicateSchedule extends CeleriacError {
  readonly code = 'DUPLICATE_SCHEDULE'
}

/** A schedule's spec can never fire, or does not say when. */
export class InvalidSchedule extends CeleriacError {
  readonly code = 'INVALID_SCHEDULE'
}

/** No schedule of this name is stored in the file. */
export class UnknownSchedule extends CeleriacError {
  readonly code = 'UNKNOWN_SCHEDULE'
}

/** A module named in `tasks` could not be found. */
export class TaskModuleNotFound extends CeleriacError {
  readonly code = 'TASK_MODULE_NOT_FOUND'
}

/** A module named in `tasks` threw while a pool thread imported it. */
export class TaskModuleFailed extends CeleriacError {
  readonly code = 'TASK_MODULE_FAILED'
}

/** A task is declared in the application but the modules of `tasks` do not declare it in a pool thread. */
export class TaskNotInModules extends CeleriacError {
  readonly code = 'TASK_NOT_IN_MODULES'
}

/** The database file was held by another connection for longer than the engine waits. */
export class DatabaseLocked extends CeleriacError {
  readonly code = 'DATABASE_LOCKED'
}

/** The database file, or its folder, cannot be written by this user. */
export class DatabaseReadOnly extends CeleriacError {
  readonly code = 'DATABASE_READ_ONLY'
}

/** The database file could not be opened or created. */
export class DatabaseUnavailable extends CeleriacError {
  readonly code = 'DATABASE_UNAVAILABLE'
}

/** The file exists and is not an SQLite database. */
export class DatabaseForeign extends CeleriacError {
  readonly code = 'DATABASE_FOREIGN'
}

/** SQLite reports that the file's content is damaged. */
export class DatabaseCorrupt extends CeleriacError {
  readonly code = 'DATABASE_CORRUPT'
}

/** The file was written by a newer version of the library. */
export class DatabaseTooNew extends CeleriacError {
  readonly code = 'DATABASE_TOO_NEW'
}

/** The file was deleted or replaced while the engine was using it. */
export class DatabaseReplaced extends CeleriacError {
  readonly code = 'DATABASE_REPLACED'
}

/** The disk, a quota or a file-size limit left no room for the write. */
export class StorageFull extends CeleriacError {
  readonly code = 'STORAGE_FULL'
}

/** SQLite refused a write for a reason that has no class of its own; see `cause`. */
export class StorageFailed extends CeleriacError {
  readonly code = 'STORAGE_FAILED'
}

/** `backup()` was given the name of something that exists. */
export class BackupExists extends CeleriacError {
  readonly code = 'BACKUP_EXISTS'
}

/** The library was joined with other code by a bundler, so that the programs of its threads are missing. */
export class LibraryBundled extends CeleriacError {
  readonly code = 'LIBRARY_BUNDLED'
}

/** The installed better-sqlite3 cannot run on this Node. */
export class DriverMismatch extends CeleriacError {
  readonly code = 'DRIVER_MISMATCH'
}

/** `within(db)` was given something else than an open better-sqlite3 connection to the app's own file. */
export class ForeignConnection extends CeleriacError {
  readonly code = 'FOREIGN_CONNECTION'
}

/** The app was stopped; it takes no further requests. */
export class AppStopped extends CeleriacError {
  readonly code = 'APP_STOPPED'
}

/** The engine thread ended unexpectedly; what it had acknowledged is in the file. */
export class EngineCrashed extends CeleriacError {
  readonly code = 'ENGINE_CRASHED'
}

/**
 * Other processes took this one for dead and its jobs with it; the engine starts again by itself. Thrown by
 * `currentTask().transaction()` when the job is no longer the thread's: nothing of it was written.
 */
export class LeaseLost extends CeleriacError {
  readonly code = 'LEASE_LOST'
}

/** `currentTask()` was called outside a running task. */
export class NotInTask extends CeleriacError {
  readonly code = 'NOT_IN_TASK'
}

/** `currentTask().transaction()` cannot be had here, or its callback did what would tear the transaction apart. */
export class TransactionRefused extends CeleriacError {
  readonly code = 'TRANSACTION_REFUSED'
}

/** `get()` was called inside a task, where waiting can deadlock the pool. */
export class JoinInsideTask extends CeleriacError {
  readonly code = 'JOIN_INSIDE_TASK'
}

/** A process did not answer a command in time, or is not on the file. */
export class NoAnswer extends CeleriacError {
  readonly code = 'NO_ANSWER'
}

/** The job cannot be retried by hand: it succeeded, has not ended, or its arguments were forgotten. */
export class NotRetryable extends CeleriacError {
  readonly code = 'NOT_RETRYABLE'
}

/** `get()` found no job of this id: it was never stored in this file. */
export class UnknownTask extends CeleriacError {
  readonly code = 'UNKNOWN_TASK'
}

/** The job finished, but its result was forgotten or pruned. */
export class ResultExpired extends CeleriacError {
  readonly code = 'RESULT_EXPIRED'
}

/** `get({ timeout })` waited long enough; the job goes on. */
export class ResultTimeout extends CeleriacError {
  readonly code = 'RESULT_TIMEOUT'
}

/** The job ended as FAILURE; `cause` is the task's own error. */
export class TaskFailure extends CeleriacError {
  readonly code = 'TASK_FAILURE'
  /** Id of the job that failed. */
  readonly taskId: string

  constructor(message: string, options: ErrorOptions & { taskId: string }) {
    super(message, options)
    this.taskId = options.taskId
  }
}

/** The job was revoked before it finished. */
export class TaskRevoked extends CeleriacError {
  readonly code = 'TASK_REVOKED'
}

/** The job was not begun before its `expires`. */
export class TaskExpired extends CeleriacError {
  readonly code = 'TASK_EXPIRED'
}

/** The thread or process under the job died. */
export class WorkerLost extends CeleriacError {
  readonly code = 'WORKER_LOST'
}

/** The job's `deadline` was over before an attempt could begin. */
export class DeadlineExceeded extends CeleriacError {
  readonly code = 'DEADLINE_EXCEEDED'
}

/** The job ran longer than its `softTimeLimit`; reason of `currentTask().signal`. */
export class SoftTimeLimitExceeded extends CeleriacError {
  readonly code = 'SOFT_TIME_LIMIT_EXCEEDED'
}

/** The job ran longer than its `timeLimit` and its thread was terminated. */
export class TimeLimitExceeded extends CeleriacError {
  readonly code = 'TIME_LIMIT_EXCEEDED'
}

/** So many threads are stuck in native code that none can run a job; `fault` of `inspect.ping()`. */
export class ThreadsStuck extends CeleriacError {
  readonly code = 'THREADS_STUCK'
}

/** The app is stopping; reason of `currentTask().signal` during a shutdown. */
export class ShuttingDown extends CeleriacError {
  readonly code = 'SHUTTING_DOWN'
}

/** The module of the command line's `-A` could not be imported, or exports no app. */
export class AppNotFound extends CeleriacError {
  readonly code = 'APP_NOT_FOUND'
}

/** The module of the command line's `-A` exports several apps. */
export class AppAmbiguous extends CeleriacError {
  readonly code = 'APP_AMBIGUOUS'
}
