import type { Reply } from '../wire/messages.ts'

/** Whoever asks things of the engine: the application thread, or a task in a pool thread. */
export interface Session {
  reply(reply: Reply): void
}
