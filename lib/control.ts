import { nameOf, optionsOf, refuse } from './options/check.ts'
import type { ResultSource } from './result.ts'
import type { LineName } from './wire/messages.ts'

/** All jobs of a queue, or all of a task. A text names a queue. */
export type Line = string | { queue: string } | { task: string }

/** Gives orders for queues and tasks. They are kept in the file: all processes obey them, and restarts do not undo them. */
export class Control {
  readonly #source: ResultSource

  constructor(source: ResultSource) {
    this.#source = source
  }

  /** From the moment this resolves on no process starts a job of the queue or task. What runs goes on, and jobs are still stored. */
  async pause(line: Line): Promise<void> {
    await this.#source.requests().ask({ about: 'pause', line: lineName(line, 'pause()'), paused: true })
  }

  /** Ends the pause of a queue or task; without an argument, of all of them. */
  async resume(line?: Line): Promise<void> {
    const name = line === undefined ? null : lineName(line, 'resume()')
    await this.#source.requests().ask({ about: 'pause', line: name, paused: false })
  }
}

function lineName(line: Line, where: string): LineName {
  if (typeof line === 'string') return { kind: 'queue', name: nameOf(line, `${where}: queue`) }
  const { queue, task } = optionsOf(line, where, ['queue', 'task'])
  if ((queue === undefined) === (task === undefined)) refuse(where, line, "a queue's name, { queue } or { task }")
  return queue === undefined
    ? { kind: 'task', name: nameOf(task, `${where}: task`) }
    : { kind: 'queue', name: nameOf(queue, `${where}: queue`) }
}
