/** Ways in which a job ends what runs it, or tries to. */

/** These end the process, or may. */
export const PROCESS_WAYS = ['SIGKILL', 'SIGSEGV', 'SIGABRT', 'one array'] as const

/** These end the thread at most: the process and the other jobs go on. */
export const THREAD_WAYS = [
  'exit',
  'reallyExit',
  'objects',
  'deaf',
  'abort',
  'buffer',
  'stack',
  'timer',
  'rejection',
  'loop',
  'bomb',
  'port',
  'nonsense',
] as const

export type PoisonWay = (typeof PROCESS_WAYS)[number] | (typeof THREAD_WAYS)[number]
