import { InvalidOption } from './errors.ts'
import { type CallData, callSettings, gateKeysOf, type LinkResolver } from './options/call-options.ts'
import { refuse } from './options/check.ts'
import { uniqueKey } from './options/unique-options.ts'
import { Signature } from './signature.ts'
import type { DefinedTask } from './task-factory.ts'
import { type Codec, encode } from './wire/codec.ts'
import type { StoredLink, StoredOptions } from './wire/messages.ts'

/** Turns the signatures of `link` and `linkError` into what is stored with a job, by the tasks of one app. */
export function linkResolver(app: string, tasks: ReadonlyMap<string, DefinedTask>, maxPayload: number): LinkResolver {
  const resolve = (signature: CallData, where: string, result: Codec | null): StoredLink => {
    const { task: name, args, options, immutable } = signature
    const task = tasks.get(name)
    if (!task) throw new InvalidOption(`${where} runs "${name}", which app "${app}" does not declare`)
    const { codec } = task.settings
    if (result === 'v8' && codec === 'json' && !immutable) {
      throw new InvalidOption(
        `${where}: "${name}" takes strict JSON and the result before it is of codec 'v8' — give it codec: 'v8' too, or link it with .si()`,
      )
    }
    const absolute = options.eta !== undefined
    // Told as if it were called at 0, so that what counts from the call counts from the end of the job before.
    const settled = callSettings(name, task.settings, options, 0, resolver)
    const { taskId, unique, shape } = settled
    const keyed =
      typeof unique?.key === 'function' ||
      (settled.concurrencyKey === null && task.settings.concurrency?.key) ||
      task.settings.rateLimit?.key
    if (keyed && !immutable) {
      throw new InvalidOption(
        `${where}: a key function of "${name}" needs all arguments, and the first is known only later — give a text as key, or link it with .si()`,
      )
    }
    const encoded = encode(args, codec, `${where}: args`, maxPayload)
    const gateKeys = gateKeysOf(task.settings, settled, [args])
    const untilDate = options.expires instanceof Date || (absolute && options.expires === undefined)
    return {
      task: name,
      queue: shape.queue,
      priority: shape.priority,
      maxAttempts: shape.maxAttempts,
      codec,
      options: shape.options === null ? null : (JSON.parse(shape.options) as StoredOptions),
      id: taskId,
      runAt: absolute ? shape.runAt : null,
      delay: absolute ? null : shape.runAt,
      expiresAt: untilDate ? shape.expiresAt : null,
      expiresIn: untilDate ? null : shape.expiresAt,
      ...(unique && { unique: unique.rule }),
      ...(unique && (immutable || unique.key !== null) && { key: uniqueKey(unique, name, args, encoded) }),
      ...(shape.concurrency && { concurrency: shape.concurrency }),
      ...(shape.rate && { rate: shape.rate }),
      ...(gateKeys && { gateKeys }),
      ...(immutable && { immutable }),
      args: typeof encoded === 'string' ? encoded : Buffer.from(encoded).toString('base64'),
    }
  }
  const resolver: LinkResolver = (value, where, result) => {
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.map((one) => {
      if (!(one instanceof Signature)) refuse(where, one, 'a signature, such as task.s(), or a list of them')
      return resolve(one, where, result)
    })
  }
  return resolver
}
