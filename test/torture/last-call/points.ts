/** Which calls of an operation are the last ones, or fail. */
import { integer, type Random } from '../../crash/random.ts'
import type { FileEvent } from '../watched/events.ts'
import type { Fault } from '../watched/program.ts'
import type { Operation } from './operation.ts'

/** Of each operation; Infinity for every call, and for `failed` every call with every error. */
export interface Points {
  /** Processes that are killed at a call. */
  killed: number
  /** Processes of which a call fails. */
  failed: number
}

export interface Call {
  /** Index among the events. */
  at: number
  call: Fault['call']
  /** Which one of its kind since the process began, from 1. */
  nth: number
}

const ERRORS = ['ENOSPC', 'EIO', 'EINTR'] as const

/**
 * The calls between the two lines that say that the operation begins and ends, and those of the next commit: what was
 * promised too early may all be in there.
 */
export function callsOf(operation: Operation, events: readonly FileEvent[]): Call[] {
  const counts = { write: 0, sync: 0, truncate: 0, unlink: 0, link: 0 }
  const calls: Call[] = []
  let under: 'not begun' | 'way' | 'ended' | 'synced' = 'not begun'
  for (const [at, event] of events.entries()) {
    if (event.kind === 'said') {
      if (event.line === '"begin"') under = 'way'
      if (event.line === '"end"') under = 'ended'
    } else {
      const nth = ++counts[event.kind]
      if (under === 'way' || under === 'ended') calls.push({ at, call: event.kind, nth })
      if (under === 'ended' && event.kind === 'sync') under = 'synced'
    }
  }
  if (under === 'not begun' || under === 'way') throw new Error(`${operation} never said that it begins and ends`)
  return calls
}

/** So many of them, or all when there are fewer; of these a share, drawn from equal parts. A part of one is the chance of one more. */
export function spread<T>(all: readonly T[], count: number, share: number, random: Random): T[] {
  const wanted = Math.min(count, all.length) * share
  const whole = Math.min(all.length, Math.floor(wanted) + (random() < wanted % 1 ? 1 : 0))
  if (all.length === whole) return [...all]
  return Array.from({ length: whole }, (_, i) => {
    const from = Math.floor((i * all.length) / whole)
    const to = Math.floor(((i + 1) * all.length) / whole) - 1
    return all[integer(random, from, Math.max(from, to))] as T
  })
}

export function draw(calls: readonly Call[], { killed, failed }: Points, share: number, random: Random): Fault[] {
  const kills = calls.map(({ call, nth }): Fault => ({ call, nth, how: 'kill' }))
  const errors = calls.flatMap(({ call, nth }) => ERRORS.map((how): Fault => ({ call, nth, how })))
  return [...spread(kills, killed, share, random), ...spread(errors, failed, share, random)]
}
