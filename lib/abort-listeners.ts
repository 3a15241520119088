const listeners = new WeakMap<AbortSignal, Set<(reason: unknown) => void>>()

/**
 * Calls `listener` when the signal aborts, until the returned function is called. One listener on the signal serves
 * everybody: thousands of waits may share a signal, which Node would warn of as a leak.
 */
export function onAbort(signal: AbortSignal, listener: (reason: unknown) => void): () => void {
  let all = listeners.get(signal)
  if (!all) {
    const created = new Set<(reason: unknown) => void>()
    listeners.set(signal, created)
    const tell = (): void => {
      for (const each of created) each(signal.reason)
    }
    signal.addEventListener('abort', tell, { once: true })
    all = created
  }
  const mine = all
  mine.add(listener)
  return () => mine.delete(listener)
}
