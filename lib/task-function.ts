/** What a task's function may be. Arguments and result must survive the task's codec. */
// biome-ignore lint/suspicious/noExplicitAny: a constraint that accepts every function
export type TaskFunction = (...args: any[]) => unknown
