/** Random questions for the cron oracle, most of them close to a change of clocks, each known by seed and number. */
import assert from 'node:assert/strict'
import { clockOf, DAY, expand, type Firing, MINUTE, MINUTES_A_DAY, MONTHS, oracle, WEEKDAYS } from './cron-oracle.ts'

/** Numbers in [0, 1) that depend on the seed alone (splitmix32). */
function randomOf(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97)
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32
  }
}

class Dice {
  readonly #random: () => number
  constructor(seed: number) {
    this.#random = randomOf(seed)
  }
  chance(probability: number): boolean {
    return this.#random() < probability
  }
  int(min: number, max: number): number {
    return min + Math.floor(this.#random() * (max - min + 1))
  }
  pick<T>(list: readonly T[]): T {
    return list[this.int(0, list.length - 1)]!
  }
  list(min: number, max: number, size: number): number[] {
    const values = new Set<number>()
    while (values.size < size) values.add(this.int(min, max))
    return [...values]
  }
}

/** A field of random form; `near` is a value that makes the entry fire around the instant asked about. */
function randomField(dice: Dice, min: number, max: number, near: number, wildcards: number): string {
  if (dice.chance(wildcards)) return '*'
  if (dice.chance(0.3)) return `${near}`
  const value = dice.chance(0.7) ? near : dice.int(min, max)
  const size = max - min + 1
  const low = dice.int(min, value)
  const high = dice.int(value, max)
  switch (dice.int(0, 6)) {
    case 0:
      return dice.list(min, max, dice.int(2, 4)).join(',')
    case 1:
      return `${low}-${high}`
    case 2:
      return `${low}-${high}/${dice.int(1, 5)}`
    case 3:
      return `*/${dice.chance(0.7) ? dice.pick([2, 3, 4, 5, 6, 10, 12].filter((n) => n <= size)) : dice.int(1, size)}`
    case 4:
      return `${low}/${dice.int(1, Math.min(size, 15))}`
    default:
      return dice.chance(0.3) && value < max ? `${value},${dice.int(value + 1, max)}` : `${value}`
  }
}

function randomDayOfMonth(dice: Dice, near: number): string {
  if (dice.chance(0.3)) return '*'
  if (dice.chance(0.1)) return '?'
  if (dice.chance(0.15)) return dice.chance(0.5) ? 'L' : `${dice.int(1, 31)},L`
  return randomField(dice, 1, 31, near, 0.5)
}

function randomMonth(dice: Dice, near: number): string {
  if (dice.chance(0.2)) return MONTHS[near - 1]!
  if (dice.chance(0.1)) return `${MONTHS[dice.int(0, near - 1)]}-${MONTHS[dice.int(near - 1, 11)]}`
  return randomField(dice, 1, 12, near, 0.8)
}

function randomDayOfWeek(dice: Dice, near: number): string {
  if (dice.chance(0.3)) return '*'
  switch (dice.int(0, 9)) {
    case 0:
      return WEEKDAYS[near]!
    case 1:
      return `${WEEKDAYS[dice.int(0, near)]}-${WEEKDAYS[dice.int(near, 6)]}`
    case 2:
      return dice.chance(0.5) ? `${near}L` : `${dice.int(0, 3)}L,${dice.int(4, 6)}L`
    case 3:
      return `${dice.pick([near, WEEKDAYS[near]])}#${dice.int(1, 5)}`
    case 4:
      return dice.pick(['?', '7', '5-7', 'MON,WED,FRI', '1-5', '0,6', '*/2', '*/7', '1/2', 'SUN,3-5'])
    default:
      return randomField(dice, 0, 6, near, 0.8)
  }
}

function isPossible(fields: readonly string[]): boolean {
  const [dayOfMonth = '', month = '', dayOfWeek = ''] = fields.slice(-3)
  if (dayOfMonth.includes('L') || (dayOfWeek !== '*' && dayOfWeek !== '?')) return true
  const first = Math.min(...expand(dayOfMonth, 1, 31))
  return [...expand(month, 1, 12, MONTHS)].some((m) => first <= new Date(Date.UTC(2024, m, 0)).getUTCDate())
}

export interface Triple {
  readonly expression: string
  readonly zone: string
  readonly after: number
}

const zoneChanges = new Map<string, readonly number[]>()

/** The `index`th triple of a seed: three in four lie within hours of a change of clocks, where the zone has any. */
export function randomTriple(seed: number, index: number, zones: readonly string[]): Triple {
  const dice = new Dice(Math.imul(seed ^ 0x5bd1e995, 0x85ebca6b) ^ Math.imul(index + 1, 0xc2b2ae35))
  const zone = zones[Math.floor(index / 24) % zones.length]!
  let changes = zoneChanges.get(zone)
  if (changes === undefined) {
    changes = clockOf(zone).changes()
    zoneChanges.set(zone, changes)
  }
  const clock = clockOf(zone)
  let minute = Date.UTC(2015, 0, 1) / MINUTE + dice.int(0, 21 * 365 * MINUTES_A_DAY)
  let near = clock.minuteShown(minute) + dice.int(-60, 120)
  if (changes.length > 0 && dice.chance(0.75)) {
    const change = dice.pick(changes)
    const before = clock.minuteShown(change - 1) + 1
    const jump = Math.abs(clock.minuteShown(change) - before)
    const hours = dice.pick([1, 4, 4, 30])
    minute = change + dice.int(-hours * 60, dice.chance(0.5) ? -1 : hours * 30)
    // A time that is skipped or doubled, or one close to it.
    near = before + dice.int(-jump, jump - 1)
  }
  const after = minute * MINUTE
  const shown = new Date(near * MINUTE)
  for (;;) {
    const fields = [
      randomField(dice, 0, 59, dice.pick([0, 30, shown.getUTCMinutes()]), 0.2),
      randomField(dice, 0, 23, shown.getUTCHours(), 0.2),
      randomDayOfMonth(dice, shown.getUTCDate()),
      randomMonth(dice, shown.getUTCMonth() + 1),
      randomDayOfWeek(dice, shown.getUTCDay()),
    ]
    if (dice.chance(0.25)) fields.unshift(randomField(dice, 0, 59, 0, 0.2))
    if (!isPossible(fields)) continue
    // On the minute, on a second, between two.
    const offset = dice.pick([0, 0, -1, 1, 1_000 * dice.int(0, 59), dice.int(0, 59_999)])
    return { expression: fields.join(' '), zone, after: after + offset }
  }
}

export interface Comparison {
  readonly checked: number
  /** Triples in which the oracle saw a firing within its reach. */
  readonly fired: number
  readonly moved: number
  /** Longest single computation of `next`, in ms. */
  readonly slowest: number
}

/**
 * Compares an implementation with the oracle on `count` random triples and throws at the first difference, with the
 * triple and the seed.
 */
export function compareWithOracle(
  next: (triple: Triple) => Firing | null,
  options: {
    readonly seed: number
    readonly count: number
    readonly zones?: readonly string[]
    /** Number of the first triple. Default 0. */
    readonly first?: number
    /** Told of each thousand. */
    readonly progress?: (checked: number) => void
  },
): Comparison {
  const zones = options.zones ?? Intl.supportedValuesOf('timeZone')
  const first = options.first ?? 0
  let fired = 0
  let moved = 0
  let slowest = 0
  for (let index = first; index < first + options.count; index++) {
    if (index > first && (index - first) % 1_000 === 0) options.progress?.(1_000)
    const triple = randomTriple(options.seed, index, zones)
    const expected = oracle(triple.expression, triple.zone, triple.after)
    let found: Firing | null | string
    const begun = performance.now()
    try {
      found = next(triple)
    } catch (error) {
      found = `threw ${String(error)}`
    }
    slowest = Math.max(slowest, performance.now() - begun)
    if (expected !== null) {
      fired++
      if (expected.movedByDst) moved++
    }
    const beyond = triple.after + 3_600 * DAY
    const same =
      expected === null
        ? found === null || (typeof found === 'object' && found.at > beyond)
        : found !== null &&
          typeof found === 'object' &&
          found.at === expected.at &&
          found.movedByDst === expected.movedByDst
    if (!same) {
      const text = (value: Firing | null | string) =>
        value === null || typeof value === 'string'
          ? String(value)
          : `${new Date(value.at).toISOString()}${value.movedByDst ? ' (moved)' : ''}`
      assert.fail(
        `'${triple.expression}' in ${triple.zone} after ${triple.after} (${new Date(triple.after).toISOString()}): ` +
          `expected ${text(expected)}, got ${text(found)}; seed ${options.seed}, triple ${index}`,
      )
    }
  }
  return { checked: options.count, fired, moved, slowest }
}
