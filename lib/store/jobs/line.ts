/** A queue's jobs of one task: the unit that can be skipped at no cost when it must not run. */
export type Line = [queue: string, task: string]
