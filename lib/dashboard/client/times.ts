/** Keeps "3 min ago" and "running for 12 s" true while a page is open. */
export function keepTimes(): void {
  setInterval(() => {
    if (!document.hidden) refreshTimes()
  }, 1_000)
}

export function refreshTimes(): void {
  const now = Date.now()
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-ago]'))
    put(time, ago(Date.parse(time.dateTime), now))
  for (const span of document.querySelectorAll<HTMLElement>('[data-since]')) {
    put(span, duration(Math.max(0, now - Date.parse(span.dataset.since as string))))
  }
}

function put(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}

function ago(time: number, now: number): string {
  const distance = now - time
  if (Math.abs(distance) < 1_000) return 'now'
  return distance > 0 ? `${duration(distance)} ago` : `in ${duration(-distance)}`
}

const UNITS: readonly (readonly [name: string, size: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** As the server writes it, but in whole seconds: a figure that changes each second needs no tenths. */
function duration(milliseconds: number): string {
  for (const [i, [name, size]] of UNITS.entries()) {
    if (milliseconds < size) continue
    const whole = Math.floor(milliseconds / size)
    const next = UNITS[i + 1]
    const rest = next ? Math.floor((milliseconds - whole * size) / next[1]) : 0
    return next && rest > 0 ? `${whole} ${name} ${rest} ${next[0]}` : `${whole} ${name}`
  }
  return `${Math.round(milliseconds)} ms`
}
