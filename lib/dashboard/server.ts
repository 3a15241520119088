import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { Celeriac } from '../index.ts'
import { cookie, Door, type Entered, TOKEN_COOKIE } from './access.ts'
import { Actions, type Done, type Form, Unfit } from './actions.ts'
import { asset, buildOf } from './assets.ts'
import { BatchActions } from './batch.ts'
import type { DashboardData } from './data.ts'
import { securityHeaders } from './headers.ts'
import type { LiveFeed } from './live.ts'
import { noticeOf } from './notices.ts'
import type { DashboardSettings } from './options.ts'
import { changingParts, type PageParts, page, type View } from './page.ts'
import { auditPage } from './pages/audit.ts'
import { eventsPage } from './pages/events.ts'
import { overviewPage } from './pages/overview.ts'
import { queuesPage } from './pages/queues.ts'
import { revokePage } from './pages/revoke.ts'
import { schedulesPage } from './pages/schedules.ts'
import { taskPage } from './pages/task.ts'
import { tasksPage, tasksQuery } from './pages/tasks.ts'
import { workersPage } from './pages/workers.ts'
import { type Place, placeOf } from './place.ts'
import { refusalPage } from './refusal-page.ts'
import { asText } from './show/value.ts'
import { liveStream } from './stream.ts'

/** What a server of Hono on Node hands on. */
export interface Bindings {
  incoming: IncomingMessage
}

interface Parts {
  app: Celeriac
  data: DashboardData
  live: LiveFeed
  settings: DashboardSettings
  now: () => number
}

interface Variables {
  nonce: string
  place: Place
  entered: Entered
}

type Env = { Bindings: Partial<Bindings>; Variables: Variables }
type C = Context<Env>

/** Largest form that is read, in bytes; arguments of a job are the largest thing in one. */
const LARGEST_FORM = 4 * 1024 * 1024
/** A year, in seconds: the address of an asset changes with its content. */
const ASSET_AGE = 31_536_000

/** The dashboard as one fetch handler. */
export function dashboardServer(parts: Parts): (request: Request, env?: Partial<Bindings>) => Promise<Response> {
  const { app, data, live, settings } = parts
  const door = new Door(settings)
  const actions = new Actions(app)
  const batch = new BatchActions(app)
  const server = new Hono<Env>({
    getPath: (request, options) => pathWithin(placeFor(request, options?.env as Partial<Bindings>, settings)),
  })

  server.use(async (c, next) => {
    const nonce = randomBytes(16).toString('base64')
    c.set('nonce', nonce)
    c.set('place', placeFor(c.req.raw, c.env, settings))
    const decision = await door.decide({ request: c.req.raw, address: addressOf(c.env) })
    if ('response' in decision) return decision.response
    for (const [name, value] of Object.entries(securityHeaders(nonce))) c.header(name, value)
    if ('refusal' in decision) {
      const { status } = decision.refusal
      if (status === 405) c.header('allow', 'GET, HEAD')
      return c.html(refusalPage(decision.refusal, nonce).toString(), status)
    }
    c.set('entered', decision.entered)
    if (decision.entered.tokenInAddress) return moveTokenToCookie(c)
    await next()
  })

  const show =
    (pageOf: (view: View, c: C) => Promise<PageParts | null>) =>
    async (c: C): Promise<Response> => {
      const view = await viewOf(c, parts)
      const made = await pageOf(view, c)
      return made ? sendPage(c, view, made) : notFound(c)
    }

  server.get(
    '/',
    show((view) => overviewPage(view, data)),
  )
  server.get(
    '/task',
    show((view, c) => tasksPage(view, data, tasksQuery(paramsOf(c)))),
  )
  server.get(
    '/task/:id',
    show((view, c) => taskPage(view, data, c.req.param('id') as string)),
  )
  server.get('/task/:id/:value{(args|result)\\.json}', (c) => sendValue(c, data))
  server.get(
    '/queues',
    show((view) => queuesPage(view, data)),
  )
  server.get(
    '/schedules',
    show((view) => schedulesPage(view, data)),
  )
  server.get(
    '/workers',
    show((view) => workersPage(view, data)),
  )
  server.get(
    '/events',
    show((view) => eventsPage(view, data)),
  )
  server.get(
    '/audit',
    show((view) => auditPage(view, data)),
  )
  server.get('/live', (c) => liveStream(c, live))
  server.get('/static/:file', (c) => sendAsset(c, c.req.param('file')))
  server.get('/static/:build/:file{.+}', (c) => sendAsset(c, c.req.param('file')))

  server.use('/act/*', bodyLimit({ maxSize: LARGEST_FORM, onError: (c) => c.text('The form is too large.', 413) }))
  const act =
    (change: (user: string, form: Form) => Promise<Done | ((view: View) => PageParts)>) =>
    async (c: C): Promise<Response> => {
      try {
        const done = await change(c.get('entered').user, await formOf(c))
        if (typeof done === 'object') return goTo(c, done)
        const view = await viewOf(c, parts)
        return sendPage(c, view, done(view))
      } catch (error) {
        return unfit(c, error)
      }
    }
  server.post(
    '/act/job',
    act(async (user, form) => {
      const running = await actions.asksFirst(form)
      return running ? (view) => revokePage(view, running) : actions.job(user, form)
    }),
  )
  server.post(
    '/act/jobs',
    act((user, form) => batch.run(user, form)),
  )
  server.post(
    '/act/queue',
    act((user, form) => actions.line(user, form)),
  )
  server.post(
    '/act/schedule',
    act((user, form) => actions.schedule(user, form)),
  )

  server.notFound((c) => notFound(c as C))
  server.onError((error, c) => {
    // An address that names what cannot exist, such as an id that is too long.
    if ((error as { code?: unknown }).code === 'INVALID_OPTION') return notFound(c as C)
    const nonce = (c as C).get('nonce') ?? ''
    // Whoever has not come in is not told what went wrong inside.
    const fix = (c as C).get('entered') ? error.message : 'The log of the server says why.'
    if (!(c as C).get('entered')) console.error(error)
    const refusal = { status: 500, fact: 'The page could not be made.', fix }
    return c.html(refusalPage(refusal, nonce).toString(), 500)
  })

  return async (request, env = {}) => server.fetch(request, env)
}

function placeFor(request: Request, env: Partial<Bindings> | undefined, settings: DashboardSettings): Place {
  const { pathname } = new URL(request.url)
  const outer = (env?.incoming as { originalUrl?: unknown } | undefined)?.originalUrl
  return placeOf(pathname, typeof outer === 'string' ? (outer.split(/[?#]/)[0] as string) : null, settings.basePath)
}

const pathWithin = ({ path }: Place): string => (path === '/' ? path : path.replace(/\/+$/, ''))

const addressOf = (env: Partial<Bindings> | undefined): string | null => env?.incoming?.socket?.remoteAddress ?? null

const paramsOf = (c: C): URLSearchParams => new URL(c.req.url).searchParams

async function viewOf(c: C, { data, settings, now }: Parts): Promise<View> {
  const { user, role } = c.get('entered')
  const theme = cookie(c.req.raw, 'celeriac-theme')
  return {
    root: c.get('place').root,
    nonce: c.get('nonce'),
    now: now(),
    appName: data.name,
    user,
    mayChange: role === 'admin' && !settings.readOnly,
    readOnly: settings.readOnly,
    theme: theme === 'light' || theme === 'dark' ? theme : null,
    states: await data.states(),
    build: buildOf(),
    notice: noticeOf(paramsOf(c)),
  }
}

function sendPage(c: C, view: View, made: PageParts): Response {
  const part = c.req.header('x-part') === 'changing'
  return c.html((part ? changingParts(view, made) : page(view, made)).toString())
}

function sendAsset(c: C, name: string | undefined): Response {
  const found = name === undefined ? undefined : asset(name)
  if (!found) return notFound(c)
  c.header('cache-control', `private, max-age=${ASSET_AGE}, immutable`)
  return c.body(found.body, 200, { 'content-type': found.type })
}

async function sendValue(c: C, data: DashboardData): Promise<Response> {
  const detail = await data.job(c.req.param('id') as string)
  if (!detail) return notFound(c)
  const name = c.req.param('value') === 'args.json' ? 'args' : 'result'
  return c.body(asText(detail.info[name] ?? null), 200, {
    'content-type': 'application/json; charset=utf-8',
    'content-disposition': `attachment; filename="${name}.json"`,
  })
}

/** The token leaves the address, where histories and logs would keep it. */
function moveTokenToCookie(c: C): Response {
  const { mount, path, root } = c.get('place')
  const token = paramsOf(c).get('token') as string
  c.header('set-cookie', `${TOKEN_COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=${mount || '/'}`)
  const rest = paramsOf(c)
  rest.delete('token')
  const query = rest.size > 0 ? `?${rest}` : ''
  return c.body(null, 303, { location: `${path === '/' ? root : `${root}${path.slice(1)}`}${query}` })
}

function goTo(c: C, { to, message }: Done): Response {
  const address = `${c.get('place').root}${to}`
  return c.body(null, 303, { location: `${address}${address.includes('?') ? '&' : '?'}done=${message}` })
}

function notFound(c: C): Response {
  const refusal = {
    status: 404,
    fact: 'There is nothing here.',
    fix: 'It may have been pruned after its retention, or the address is wrong.',
  }
  return c.html(
    refusalPage(refusal, c.get('nonce') ?? '', c.get('entered') ? c.get('place').root : null).toString(),
    404,
  )
}

/** What the caller can mend is said to the caller; anything else is an error of the server. */
function unfit(c: C, error: unknown): Response {
  const { code, message } = error as { code?: unknown; message: string }
  if (!(error instanceof Unfit) && typeof code !== 'string') throw error
  return c.html(
    refusalPage(
      { status: 422, fact: 'Nothing was changed.', fix: message },
      c.get('nonce'),
      c.get('place').root,
    ).toString(),
    422,
  )
}

async function formOf(c: C): Promise<Form> {
  const type = c.req.header('content-type') ?? ''
  if ((type.split(';')[0] as string).trim().toLowerCase() !== 'application/x-www-form-urlencoded')
    throw new Unfit('Only a form of this dashboard is read here.')
  const form = new Map<string, string[]>()
  for (const [key, value] of new URLSearchParams(await c.req.text())) {
    const values = form.get(key)
    if (values) values.push(value)
    else form.set(key, [value])
  }
  return form
}
