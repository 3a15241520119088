import { createHash, timingSafeEqual } from 'node:crypto'
import type { AuthAnswer, DashboardSettings } from './options.ts'

/** A request with what the server knows of it. */
export interface Arrival {
  request: Request
  /** Address of the other end, or null where the caller did not hand it over. */
  address: string | null
}

export interface Entered {
  user: string
  role: 'admin' | 'viewer'
  /** Whether the token came in the address, and is to be moved to a cookie. */
  tokenInAddress?: true
}

/** Why a request is turned away. */
export interface Refusal {
  status: 400 | 401 | 403 | 405 | 421
  fact: string
  fix: string
}

export type Decision = { entered: Entered } | { refusal: Refusal } | { response: Response }

export const TOKEN_COOKIE = 'celeriac-token'

/** Decides who comes in. Everything that is not let in expressly stays out. */
export class Door {
  readonly #settings: DashboardSettings
  readonly #digest: Buffer | null

  constructor(settings: DashboardSettings) {
    this.#settings = settings
    this.#digest = settings.token === null ? null : digest(settings.token)
  }

  async decide(arrival: Arrival): Promise<Decision> {
    const wrongHost = this.#hostRefusal(arrival.request)
    if (wrongHost) return { refusal: wrongHost }
    const decision = await this.#known(arrival)
    if (!('entered' in decision) || isReading(arrival.request.method)) return decision
    const refusal = this.#changeRefusal(arrival.request, decision.entered)
    return refusal ? { refusal } : decision
  }

  #hostRefusal(request: Request): Refusal | null {
    const host = request.headers.get('host') ?? new URL(request.url).host
    const name = hostName(host)
    if (name === null) return { status: 400, fact: 'The Host header is missing or no host name.', fix: 'Send one.' }
    const { hosts } = this.#settings
    if (!hosts || hosts.has(name)) return null
    return {
      status: 421,
      fact: `This dashboard does not answer as "${name}".`,
      fix: `Use one of: ${[...hosts].join(', ')}; or add the name to the option "hosts".`,
    }
  }

  async #known({ request, address }: Arrival): Promise<Decision> {
    const { auth } = this.#settings
    if (auth) return answered(await auth(request))
    if (!this.#digest) {
      return {
        refusal: {
          status: 403,
          fact: 'This dashboard is closed: nobody was said to be let in.',
          fix: 'Give createDashboard() an "auth" function, or a "token" for use on this machine.',
        },
      }
    }
    const remote = notLocal(request, address)
    if (remote) return { refusal: { status: 403, fact: remote, fix: 'From elsewhere, give the option "auth".' } }
    const inAddress = new URL(request.url).searchParams.get('token')
    const shown = inAddress ?? bearer(request) ?? cookie(request, TOKEN_COOKIE)
    if (shown === null || !timingSafeEqual(digest(shown), this.#digest)) {
      return {
        refusal: {
          status: 401,
          fact: shown === null ? 'A token is needed.' : 'The token is not the right one.',
          fix: 'Open the address that was printed at the start, which ends in ?token=…',
        },
      }
    }
    return { entered: { user: 'admin', role: 'admin', ...(inAddress !== null && { tokenInAddress: true }) } }
  }

  #changeRefusal(request: Request, { role }: Entered): Refusal | null {
    if (request.method !== 'POST') {
      return {
        status: 405,
        fact: `${request.method} is not a method of this dashboard.`,
        fix: 'Use GET, HEAD or POST.',
      }
    }
    if (this.#settings.readOnly) {
      return { status: 405, fact: 'This dashboard is read-only.', fix: 'Nothing was changed.' }
    }
    if (role !== 'admin') return { status: 403, fact: 'A viewer changes nothing.', fix: 'Nothing was changed.' }
    if (sameOrigin(request)) return null
    return {
      status: 403,
      fact: 'The request does not come from a page of this dashboard.',
      fix: 'Nothing was changed. Reload the page and try again; a proxy must pass Sec-Fetch-Site, or Origin and Host.',
    }
  }
}

export const isReading = (method: string): boolean => method === 'GET' || method === 'HEAD'

/** Whether a page of this very origin sent the request: browsers say so, and no other site can make them lie. */
export function sameOrigin(request: Request): boolean {
  const site = request.headers.get('sec-fetch-site')
  if (site !== null) return site === 'same-origin'
  const origin = request.headers.get('origin')
  const host = request.headers.get('host') ?? new URL(request.url).host
  if (origin === null) return false
  try {
    // The scheme is left out: behind a proxy that ends TLS, ours is http and the page's https.
    return new URL(origin).host === host.toLowerCase()
  } catch {
    return false
  }
}

function answered(answer: AuthAnswer): Decision {
  if (answer instanceof Response) return { response: answer }
  if (answer === true || answer === 'admin') return { entered: { user: 'admin', role: 'admin' } }
  if (answer === 'viewer') return { entered: { user: 'viewer', role: 'viewer' } }
  if (typeof answer === 'object' && answer !== null) {
    const role = answer.role ?? 'admin'
    // A misspelled role must not open more than was meant.
    if (role === 'admin' || role === 'viewer')
      return { entered: { user: nameFor(String(answer.user ?? role)) || role, role } }
  }
  return { refusal: { status: 401, fact: 'You are not let in.', fix: 'Sign in to the application first.' } }
}

/** A name that can stand in the audit. */
const nameFor = (user: string): string => user.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '').slice(0, 200)

function notLocal(request: Request, address: string | null): string | null {
  if (address === null) {
    return 'A token opens the dashboard on the loopback interface only, and the address of this connection is not known: pass the bindings of the server, dashboard.fetch(request, env).'
  }
  if (!isLoopback(address)) return 'A token opens the dashboard on the loopback interface only.'
  for (const name of ['forwarded', 'x-forwarded-for', 'x-real-ip']) {
    if (request.headers.has(name))
      return `A token opens the dashboard on the loopback interface only, and "${name}" says that a proxy passed this request on.`
  }
  return null
}

export const isLoopback = (address: string): boolean => /^(::1$|(::ffff:)?127\.)/.test(address)

/** The name of a Host header in lower case, without its port; null when it is none. */
function hostName(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9_.-]*))(:\d{1,5})?$/i.exec(host)
  return match ? match[1]!.toLowerCase() : null
}

function bearer(request: Request): string | null {
  return /^Bearer ([^\s]+)$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? null
}

export function cookie(request: Request, name: string): string | null {
  for (const part of (request.headers.get('cookie') ?? '').split(';')) {
    const [key, value] = part.trim().split('=', 2)
    if (key === name && value !== undefined) return value
  }
  return null
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
