import { InvalidOption, InvalidPayload } from '../errors.ts'
import type { CommandArgs, Verb } from '../wire/messages.ts'
import type { Done } from './command-desk.ts'
import type { Parts } from './parts.ts'
import { active, ping, reserved, stats } from './self-report.ts'

/** What a command does to this process, beyond a look at it. */
export interface Orders {
  /** Sets the most threads of the pool. */
  resize(threads: number): void
  /** Stops the app warmly; null for its own times. In ms. */
  stop(drain: number | null, grace: number | null): void
}

/** Does what another process, or this one's own application, asks. */
export function perform(parts: Parts, orders: Orders, verb: Verb, args: CommandArgs): Done {
  switch (verb) {
    case 'ping':
      return { value: ping(parts) }
    case 'active':
      return { value: active(parts) }
    case 'reserved':
      return { value: reserved(parts) }
    case 'stats':
      return { value: stats(parts) }
    case 'pool': {
      const { threads } = args
      if (threads === undefined) throw new InvalidPayload('the stored command says no number of threads — ask again')
      if (!parts.standing.pool)
        throw new InvalidOption(
          `this process runs no threads (its role is ${parts.standing.role ?? 'none: it was not started'}) — name one that does`,
        )
      orders.resize(threads)
      return { value: threads }
    }
    case 'shutdown':
      parts.announcer.report({ about: 'shutdown-asked' })
      return { value: true, afterwards: () => orders.stop(args.drain ?? null, args.grace ?? null) }
    default:
      throw new InvalidOption(`this process does not know the command "${String(verb)}" — it runs an older celeriac`)
  }
}
