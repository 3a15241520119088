/** What may be on the disk after the power failed: everything that was synced, and of the rest any part. */
import type { Random } from '../../crash/random.ts'
import { integer } from '../../crash/random.ts'
import type { FileEvent } from '../watched/events.ts'

type Piece = { at: number; bytes: Buffer }
type Write = Piece & { nth: number }

/** How a cut treats what was not synced. */
export const CUTS = ['none', 'all', 'prefix', 'subset', 'torn'] as const
export type Cut = (typeof CUTS)[number]

/** A disk writes this much or nothing. */
const SECTOR = 512

class DiskFile {
  #bytes: Buffer
  unsynced: Write[] = []

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#bytes = bytes
  }

  write(write: Write): void {
    this.unsynced.push(write)
  }

  /** @param covers the last write that it is about: those made while it ran may be on the disk or not */
  sync(covers: number): void {
    this.#bytes = written(
      this.#bytes,
      this.unsynced.filter(({ nth }) => nth <= covers),
    )
    this.unsynced = this.unsynced.filter(({ nth }) => nth > covers)
  }

  /** A shorter file is taken for durable at once: SQLite shortens only what it no longer needs. */
  truncate(size: number): void {
    this.sync(Number.POSITIVE_INFINITY)
    this.#bytes = this.#bytes.subarray(0, size)
  }

  written(): Buffer {
    return written(this.#bytes, this.unsynced)
  }

  after(cut: Cut, random: Random): Buffer {
    return written(this.#bytes, survivors(this.unsynced, cut, random))
  }
}

function written(bytes: Buffer, writes: readonly Piece[]): Buffer {
  const size = writes.reduce((most, write) => Math.max(most, write.at + write.bytes.length), bytes.length)
  const result = Buffer.alloc(size)
  bytes.copy(result)
  for (const write of writes) write.bytes.copy(result, write.at)
  return result
}

function survivors(writes: readonly Write[], cut: Cut, random: Random): Piece[] {
  switch (cut) {
    case 'none':
      return []
    case 'all':
      return [...writes]
    case 'prefix':
      return writes.slice(0, integer(random, 0, writes.length))
    case 'subset':
      return writes.filter(() => random() < 0.5)
    case 'torn':
      return writes.flatMap((write) => sectors(write).filter(() => random() < 0.7))
  }
}

function sectors({ at, bytes }: Write): Piece[] {
  const pieces: Piece[] = []
  for (let from = 0; from < bytes.length; ) {
    const length = Math.min(SECTOR - ((at + from) % SECTOR), bytes.length - from)
    pieces.push({ at: at + from, bytes: bytes.subarray(from, from + length) })
    from += length
  }
  return pieces
}

/** The files of a program while its events are played. */
export class Disk {
  readonly #files: Map<string, DiskFile>

  /** @param found what is on the disk when the program starts */
  constructor(found: ReadonlyMap<string, Buffer> = new Map()) {
    this.#files = new Map([...found].map(([path, bytes]) => [path, new DiskFile(bytes)]))
  }

  play(event: FileEvent): void {
    if (event.kind === 'said') return
    if (event.kind === 'unlink') {
      this.#files.delete(event.path)
      return
    }
    let file = this.#files.get(event.path)
    if (!file) {
      file = new DiskFile()
      this.#files.set(event.path, file)
    }
    if (event.kind === 'link') this.#files.set(event.second, file)
    else if (event.kind === 'write') file.write(event)
    else if (event.kind === 'sync') file.sync(event.covers)
    else file.truncate(event.size)
  }

  get unsynced(): number {
    let count = 0
    for (const file of this.#files.values()) count += file.unsynced.length
    return count
  }

  /** The files as the program sees them. */
  written(): Map<string, Buffer> {
    return new Map([...this.#files].map(([path, file]) => [path, file.written()]))
  }

  /** The files as a cut may leave them. */
  cut(cut: Cut, random: Random): Map<string, Buffer> {
    const image = new Map<string, Buffer>()
    for (const [path, file] of this.#files) image.set(path, file.after(cut, random))
    return image
  }
}
