export type { AppHooks } from './app-hooks.ts'
export type { AuditEntry, AuditLog } from './audit.ts'
export { Celeriac, type StartOptions, type TaskDecorator } from './celeriac.ts'
export type { Control, JobSelection, Line } from './control.ts'
export { type CrontabFields, type CrontabValue, crontab } from './domain/crontab.ts'
export type { Duration } from './domain/duration.ts'
export { formatJobFilter, type JobFilter, parseJobFilter } from './domain/job-filter.ts'
export type { State } from './domain/states.ts'
export * from './errors.ts'
export type { EventMap, EventName } from './events.ts'
export { backup, doctor, prune, vacuum } from './file-care.ts'
export type { Inspect, KnownWorker, Pong, QueueInfo, RegisteredTask, Stats, WorkerInfo } from './inspect.ts'
export type { AttemptInfo, JobInfo } from './job-info.ts'
export type { FoundJobs, PageOptions } from './job-page.ts'
export type { CeleriacOptions, Logger, PoolOptions, QueueOptions, ShutdownOptions } from './options/app-options.ts'
export type { CallOptions, SingleCallOptions } from './options/call-options.ts'
export type { ConcurrencyOptions, RateLimitOptions } from './options/limit-options.ts'
export type { RetentionLimits, RetentionOptions } from './options/retention-options.ts'
export type { RetryOptions } from './options/retry-options.ts'
export type { StandardSchema } from './options/standard-schema.ts'
export type { TaskOptions } from './options/task-options.ts'
export type { DebounceOptions, ThrottleOptions, UniqueOptions } from './options/unique-options.ts'
export type { Metrics } from './process-metrics.ts'
export { type JobPage, Reader } from './reader.ts'
export { AsyncResult, type GetOptions, type RevokeOptions } from './result.ts'
export type { ScheduleOptions } from './schedule-options.ts'
export type { LedgerEntry, PreviewedSlot, ScheduleInfo, Schedules } from './schedules.ts'
export { Signature } from './signature.ts'
export type { Task } from './task.ts'
export type { TaskFunction } from './task-function.ts'
export { Ignore, PermanentError, RateLimited, RetryLater, rateLimited } from './task-signals.ts'
export type { BackupReport, Diagnosis, Finding, VacuumReport } from './wire/care.ts'
export type { StopReport } from './wire/messages.ts'
export type {
  Change,
  ChangeCursor,
  Changes,
  FileSize,
  JobLine,
  Measures,
  OrderLine,
  Overview,
  ProcessLine,
  Pulse,
  Quantiles,
  QueueDepth,
  QueueTask,
  Recent,
  RunningLine,
  ScheduleLine,
  Throughput,
  ThroughputQuestion,
  Totals,
  Vitals,
  WorkerLine,
} from './wire/reading.ts'
export type { EnqueueMessage } from './wire/tracing.ts'
export type { CallerDatabase, TransactionalTask } from './within.ts'
export {
  currentTask,
  type Progress,
  type TaskContext,
  type TaskDatabase,
  type TaskLog,
  type TaskStatement,
} from './worker/task-context.ts'
export type { AttemptOutcome } from './worker/task-hooks.ts'
export type { WorkerReply, WorkersAsked } from './workers-asked.ts'
