/** What a job's `link` and `linkError` become when it ends: jobs with its result, or its error, before their own arguments. */
import { encodeStrictJson } from '../domain/strict-json.ts'
import { argumentsKey } from './arguments-key.ts'
import { type Codec, decode, encode, type Payload } from './codec.ts'
import type { WireError } from './error-codec.ts'
import { newJobId } from './job-id.ts'
import type { EnqueueBatch, StoredLink, StoredOptions } from './messages.ts'
import { optionsOf } from './stored-options.ts'

/** How the job ended that others are linked to. */
export type LinkedEnd = { result: Payload } | { error: WireError }

export interface LinkingJob {
  id: string
  rootId: string | null
  codec: Codec
}

/** The links among a job's stored options; null when it has none, which costs a search in a short text. */
export function linksOf(
  options: string | null,
): (Required<Pick<StoredOptions, 'link' | 'linkError'>> & { ignoreResult: boolean }) | null {
  if (options === null || !options.includes('"link')) return null
  const { link = [], linkError = [], ignoreResult = false } = optionsOf(options)
  return link.length + linkError.length > 0 ? { link, linkError, ignoreResult } : null
}

/** The jobs to store as a job ends. */
export function linkedBatches(
  links: readonly StoredLink[],
  job: LinkingJob,
  end: LinkedEnd,
  now: number,
): EnqueueBatch[] {
  return links.map((link) => {
    const { queue, task, priority, maxAttempts, codec, options, unique, concurrency, rate, gateKeys, id } = link
    const args = argsOf(link, job, end)
    return {
      task,
      queue,
      priority,
      runAt: link.delay === null ? link.runAt : now + link.delay,
      expiresAt: link.expiresIn === null ? link.expiresAt : now + link.expiresIn,
      maxAttempts,
      codec,
      options: options && JSON.stringify(options),
      parentId: job.id,
      rootId: job.rootId ?? job.id,
      chosen: id !== null,
      ...(unique && { unique, keys: [link.key ?? argumentsKey(args)] }),
      ...(concurrency && { concurrency }),
      ...(rate && { rate }),
      ...(gateKeys && { gateKeys }),
      ids: [id ?? newJobId(now)],
      args: [args],
    }
  })
}

/** Arguments that nothing can read. */
const NONE_AT_ALL = ''

/** Options that somebody damaged must not fail the job that ends: what was linked to it ends with InvalidPayload instead. */
function argsOf(link: StoredLink, job: LinkingJob, end: LinkedEnd): string | Uint8Array {
  try {
    return joined(link, job, end)
  } catch {
    return NONE_AT_ALL
  }
}

/** @throws when its own arguments, or the result before them, are not what the library wrote */
function joined({ codec, args, immutable }: StoredLink, job: LinkingJob, end: LinkedEnd): string | Uint8Array {
  if (codec === 'v8') {
    const own = Buffer.from(args, 'base64')
    if (immutable) return own
    const first = 'error' in end ? [job.id, end.error] : [decode(end.result, job.codec)]
    return encode([...first, ...(decode(own, 'v8') as unknown[])], 'v8', 'args', Number.POSITIVE_INFINITY)
  }
  if (immutable) return args
  const first =
    'error' in end ? `${JSON.stringify(job.id)},${JSON.stringify(end.error)}` : jsonOf(end.result, job.codec)
  return args === '[]' ? `[${first}]` : `[${first},${args.slice(1)}`
}

function jsonOf(result: Payload, codec: Codec): string {
  if (result === null) return 'null'
  return codec === 'json' ? (result as string) : encodeStrictJson(decode(result, codec) ?? null, 'result')
}
