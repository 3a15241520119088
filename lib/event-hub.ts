import { InvalidOption } from './errors.ts'
import { EVENT_NAMES, type EventMap, type EventName } from './events.ts'
import { fromWireError, type WireError } from './wire/error-codec.ts'

type Listener<N extends EventName = EventName> = (event: EventMap[N]) => void

/** Hands events to listeners. A listener that throws is reported and harms nobody: neither the job nor the other listeners. */
export class EventHub {
  readonly #listeners = new Map<EventName, Set<Listener>>()
  readonly #changed: (wanted: EventName[]) => void
  readonly #failed: (event: string, error: unknown) => void

  constructor(changed: (wanted: EventName[]) => void, failed: (event: string, error: unknown) => void) {
    this.#changed = changed
    this.#failed = failed
  }

  on<N extends EventName>(name: N, listener: Listener<N>): void {
    if (!EVENT_NAMES.includes(name))
      throw new InvalidOption(`there is no event "${name}" — events: ${EVENT_NAMES.join(', ')}`)
    if (typeof listener !== 'function') throw new InvalidOption(`the listener of "${name}" is no function`)
    const listeners = this.#listeners.get(name) ?? new Set()
    listeners.add(listener as Listener)
    this.#listeners.set(name, listeners)
    if (listeners.size === 1) this.#changed([...this.#listeners.keys()])
  }

  off<N extends EventName>(name: N, listener: Listener<N>): void {
    const listeners = this.#listeners.get(name)
    if (!listeners?.delete(listener as Listener) || listeners.size > 0) return
    this.#listeners.delete(name)
    this.#changed([...this.#listeners.keys()])
  }

  /** Turns an event as it crossed threads into what listeners get. */
  receive(name: string, event: Record<string, unknown>): void {
    const at = new Date(event.at as number)
    const slot = event.slot === undefined ? {} : { slot: new Date(event.slot as number) }
    const error = 'error' in event ? { error: event.error ? fromWireError(event.error as WireError) : null } : {}
    this.emit(name as EventName, { ...event, ...slot, ...error, at } as never)
  }

  emit<N extends EventName>(name: N, event: EventMap[N]): void {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        const result = listener(event) as unknown
        if (result instanceof Promise) result.catch((error: unknown) => this.#report(name, error))
      } catch (error) {
        this.#report(name, error)
      }
    }
  }

  #report(name: string, error: unknown): void {
    this.#failed(name, error)
  }
}
