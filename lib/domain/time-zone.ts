const SECOND = 1_000
const HOUR = 3_600_000
const DAY = 24 * HOUR

// Since 1970 no zone has changed its clocks twice within less than 7 days (Brazil, October 2000).
const SAMPLE = 2 * DAY
const BLOCK = 16 * DAY
const CACHED_BLOCKS = 256
// A formatter takes about 15 kB outside the heap; an application uses a handful.
const CACHED_ZONES = 64

/** Instants beyond this are not looked up; four digits of year are all the formatter's text has room for. */
export const LAST_INSTANT = Date.UTC(9999, 0, 1)

/** From here on the clock shows `instant + offset`. */
interface Piece {
  readonly start: number
  readonly offset: number
}

/**
 * What the clocks of a zone show, in milliseconds. A wall time is the epoch milliseconds of a UTC clock showing the
 * same. Instants lie between 1970 and `LAST_INSTANT`.
 */
export interface TimeZone {
  /** Wall time minus instant. */
  offsetAt(instant: number): number
  /** The first instant in (after, until] at which the offset changes, or null. */
  nextChange(after: number, until: number): number | null
  /** When the clocks first show `wall`; if they never do, the first instant after the gap. */
  instantOf(wall: number): { readonly at: number; readonly inGap: boolean }
}

const zones = new Map<string, TimeZone>()

/** The zone of an IANA name, or null when there is none of this name. */
export function timeZone(name: string): TimeZone | null {
  let zone = zones.get(name)
  if (zone !== undefined) {
    zones.delete(name)
  } else {
    const created = createZone(name)
    if (created === null) return null
    zone = created
    dropOldest(zones, CACHED_ZONES)
  }
  zones.set(name, zone)
  return zone
}

function createZone(name: string): TimeZone | null {
  // Newer engines also take '+02:00'; a file must mean the same to all of them.
  if (!/^[A-Za-z][\w+\-/]{0,63}$/.test(name)) return null
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US-u-ca-gregory-nu-latn', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
  } catch {
    return null
  }
  return zoneFrom((instant) => {
    const [month, day, year, hour, minute, second] = format.format(instant).match(/\d+/g)!.map(Number)
    return Date.UTC(year!, month! - 1, day!, hour!, minute!, second!) - Math.floor(instant / SECOND) * SECOND
  })
}

function zoneFrom(measure: (instant: number) => number): TimeZone {
  const blocks = new Map<number, readonly Piece[]>()

  function firstChange(from: number, to: number, offset: number): number {
    let same = from / SECOND
    let changed = to / SECOND
    while (changed - same > 1) {
      const middle = Math.floor((same + changed) / 2)
      if (measure(middle * SECOND) === offset) same = middle
      else changed = middle
    }
    return changed * SECOND
  }

  function block(index: number): readonly Piece[] {
    let pieces = blocks.get(index)
    if (pieces === undefined) {
      pieces = sample(index * BLOCK)
      dropOldest(blocks, CACHED_BLOCKS)
      blocks.set(index, pieces)
    }
    return pieces
  }

  function sample(begin: number): readonly Piece[] {
    let offset = measure(begin)
    const pieces: Piece[] = [{ start: begin, offset }]
    for (let from = begin; from < begin + BLOCK; from += SAMPLE) {
      const later = measure(from + SAMPLE)
      if (later === offset) continue
      pieces.push({ start: firstChange(from, from + SAMPLE, offset), offset: later })
      offset = later
    }
    return pieces
  }

  const zone: TimeZone = {
    offsetAt(instant) {
      const pieces = block(Math.floor(instant / BLOCK))
      let i = pieces.length - 1
      while (i > 0 && pieces[i]!.start > instant) i--
      return pieces[i]!.offset
    },

    nextChange(after, until) {
      const offset = zone.offsetAt(after)
      const last = Math.floor(until / BLOCK)
      for (let index = Math.floor(after / BLOCK); index <= last; index++) {
        for (const piece of block(index)) {
          if (piece.start <= after || piece.offset === offset) continue
          return piece.start <= until ? piece.start : null
        }
      }
      return null
    },

    instantOf(wall) {
      // Offsets run from -12 h to +14 h.
      let from = wall - 15 * HOUR
      let offset = zone.offsetAt(from)
      for (;;) {
        const change = zone.nextChange(from, wall + 15 * HOUR)
        if (change === null || wall - offset < change) return { at: wall - offset, inGap: false }
        offset = zone.offsetAt(change)
        if (wall - offset < change) return { at: change, inGap: true }
        from = change
      }
    },
  }
  return zone
}

function dropOldest<K>(cache: Map<K, unknown>, limit: number): void {
  for (const oldest of cache.keys()) {
    if (cache.size < limit) return
    cache.delete(oldest)
  }
}
