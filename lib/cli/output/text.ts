/** Text for people: what comes from the file may hold anything, so nothing of it reaches the terminal as it is. */

/** One line that no terminal obeys: control characters are written out, as are marks that turn text around. */
export function safe(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (mark) =>
      mark === '\n' ? '\\n' : mark === '\t' ? '\\t' : `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** The same for a text of several lines, such as a stack. */
export function safeLines(text: string): string[] {
  return text.split('\n').map(safe)
}

/** A moment, in UTC to the second. */
export function moment(time: Date | number | null): string {
  if (time === null) return '-'
  return `${new Date(time).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

const STEPS: readonly [unit: string, milliseconds: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
]

/** A span of time in at most two units, such as `250ms`, `4.2s`, `3m20s`, `5d4h`. */
export function span(milliseconds: number): string {
  const rest = Math.max(0, Math.round(milliseconds))
  if (rest < 1_000) return `${rest}ms`
  if (rest < 60_000) return `${(Math.floor(rest / 100) / 10).toString()}s`
  for (const [i, [unit, size]] of STEPS.entries()) {
    if (rest < size) continue
    const [below, step] = STEPS[i + 1] ?? ['s', 1_000]
    const left = Math.floor((rest % size) / step)
    return `${Math.floor(rest / size)}${unit}${left > 0 ? `${left}${below}` : ''}`
  }
  return `${rest}ms`
}

/** How long ago, or `-`. */
export function ago(time: Date | number | null, now: number): string {
  return time === null ? '-' : span(now - Number(time))
}

export function bytes(count: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = count
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`
}

/** `1 job`, `2 jobs`. */
export function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : thing.endsWith('s') ? 'es' : 's'}`
}
