import { booleanOr, optionsOf, refuse } from '../options/check.ts'

/** Who looks at the dashboard. */
export interface Visitor {
  /** Name for the audit. Default `'admin'` or `'viewer'`, as the role. */
  user?: string
  /** A viewer sees everything and changes nothing. Default `'admin'`. */
  role?: 'admin' | 'viewer'
}

export interface DashboardOptions {
  /** Path that the dashboard is mounted at, such as `'/admin/celery'`. Not needed where the framework strips it. Default none. */
  basePath?: string
  /**
   * Says who may come in: a visitor or a role, `true` for an admin, `false` for a 401, or the Response to answer with (a
   * login page, a challenge). Without it and without `token` the dashboard is closed.
   */
  auth?: (request: Request) => AuthAnswer | Promise<AuthAnswer>
  /** Lets in whoever holds this text of at least 16 characters, on the loopback interface only. */
  token?: string
  /** Names that the `Host` header may carry. Default: with `token` those of the loopback interface, with `auth` any. */
  hosts?: string[]
  /** Answer every request that would change something with 405. Default false. */
  readOnly?: boolean
  /** Paths masked in arguments and results, besides the app's own `redact`. Default none. */
  redact?: string[]
}

export type AuthAnswer = boolean | 'admin' | 'viewer' | Visitor | Response | null | undefined

export interface DashboardSettings {
  basePath: string
  auth: DashboardOptions['auth']
  token: string | null
  hosts: ReadonlySet<string> | null
  readOnly: boolean
  redact: readonly string[]
}

const KEYS = ['basePath', 'auth', 'token', 'hosts', 'readOnly', 'redact'] as const
const SHORTEST_TOKEN = 16
const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]']

/** @throws InvalidOption */
export function dashboardSettings(options: unknown): DashboardSettings {
  const where = 'createDashboard()'
  const given = optionsOf(options, where, KEYS) as DashboardOptions
  const { auth, token } = given
  if (auth !== undefined && typeof auth !== 'function') refuse(`${where}: auth`, auth, 'a function')
  if (token !== undefined && (typeof token !== 'string' || token.length < SHORTEST_TOKEN || /[^\w.~-]/.test(token))) {
    refuse(`${where}: token`, token, `a text of at least ${SHORTEST_TOKEN} letters, digits and - _ . ~`)
  }
  if (auth && token !== undefined) refuse(`${where}: token`, '…', 'one of auth and token')
  return {
    basePath: basePathOf(given.basePath),
    auth,
    token: token ?? null,
    hosts: hostsOf(given.hosts, token === undefined ? null : LOOPBACK_NAMES),
    readOnly: booleanOr(given.readOnly, `${where}: readOnly`, false),
    redact: textsOf(given.redact, `${where}: redact`, "paths such as '0.password' or '*.token'") ?? [],
  }
}

function basePathOf(value: unknown): string {
  if (value === undefined || value === '' || value === '/') return ''
  if (typeof value !== 'string' || !/^(\/[\w.~%@:!$&'()*+,;=-]+)+\/?$/.test(value)) {
    refuse('createDashboard(): basePath', value, "a path such as '/admin/celery'")
  }
  return value.replace(/\/$/, '')
}

function hostsOf(value: unknown, fallback: readonly string[] | null): ReadonlySet<string> | null {
  const names = textsOf(value, 'createDashboard(): hosts', "names such as 'shop.example', without a port") ?? fallback
  return names && new Set(names.map((name) => name.toLowerCase()))
}

function textsOf(value: unknown, option: string, allowed: string): string[] | null {
  if (value === undefined) return null
  if (!Array.isArray(value) || value.some((one) => typeof one !== 'string' || one === ''))
    refuse(option, value, allowed)
  return value as string[]
}
