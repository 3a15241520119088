/** Strings as one, and where each of them ends: a port takes ten times as long for many strings as for one of their length. */
export interface PackedStrings {
  text: string
  ends: Uint32Array
}

interface Jobs {
  ids: string[]
  args: (string | Uint8Array)[]
}

/** Ids and arguments of a batch that crosses without them. */
export interface PackedJobs {
  ids: PackedStrings
  args: PackedStrings
}

/** Jobs from which on a batch is packed. */
const MANY = 64

/** Null for a batch of few jobs, or with arguments that are not text. */
export function packJobs({ ids, args }: Jobs): PackedJobs | null {
  if (ids.length < MANY) return null
  const packed = pack(args)
  return packed && { ids: pack(ids)!, args: packed }
}

export function unpackJobs(batch: Jobs, { ids, args }: PackedJobs): void {
  batch.ids = unpack(ids)
  batch.args = unpack(args)
}

function pack(parts: readonly (string | Uint8Array)[]): PackedStrings | null {
  const ends = new Uint32Array(parts.length)
  let end = 0
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i]!
    if (typeof part !== 'string') return null
    end += part.length
    ends[i] = end
  }
  return { text: parts.join(''), ends }
}

function unpack({ text, ends }: PackedStrings): string[] {
  const parts: string[] = new Array(ends.length)
  let from = 0
  for (let i = 0; i < ends.length; i++) {
    const to = ends[i]!
    parts[i] = text.slice(from, to)
    from = to
  }
  return parts
}
