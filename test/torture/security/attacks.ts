/** What is sent to the dashboard, and what may come back. */
import { integer, type Random } from '../../crash/random.ts'
import { PAYLOADS } from '../../fixtures/payloads.ts'
import { BASE, type Target, TOKEN } from './app.ts'
import type { Asked } from './http.ts'

export interface Attack {
  /** What it tries, in a word or two. */
  name: string
  /** A request, or bytes that are none. */
  asked: Asked | { bytes: string }
  /** Text that must not stand in the answer as it is. */
  text?: string
  /** Statuses that are right; by default anything but an error of the server. */
  status?: readonly number[]
}

type Header = readonly [string, string]

const AUTH: Header = ['Authorization', `Bearer ${TOKEN}`]
const FORM: Header = ['Content-Type', 'application/x-www-form-urlencoded']
const SAME: Header = ['Sec-Fetch-Site', 'same-origin']
/** A header takes no line breaks, and sends Latin-1. */
const inHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?')
const encoded = encodeURIComponent
const pick = <T>(list: readonly T[], random: Random): T => list[integer(random, 0, list.length - 1)] as T
const form = (fields: Record<string, string>): string => new URLSearchParams(fields).toString()
const get = (target: string, ...headers: Header[]): Asked => ({ target: BASE + target, headers: [AUTH, ...headers] })
const post = (target: string, body: string | Buffer, ...headers: Header[]): Asked => ({
  method: 'POST',
  target: BASE + target,
  headers: [AUTH, ...headers],
  body,
})

const PLACES: readonly ((text: string) => Asked)[] = [
  (text) => get(`/task/?q=${encoded(text)}`),
  (text) => get(`/task/?q=error%3A${encoded(JSON.stringify(text))}&size=${encoded(text)}`),
  (text) => get(`/task/?after=${encoded(text)}`),
  (text) => get(`/task/${encoded(text)}`),
  (text) => get(`/?done=${encoded(text)}&jobs=${encoded(text)}`),
  (text) => get(`/${encoded(text)}`),
  (text) => get(`/static/${encoded(text)}/${encoded(text)}`),
  (text) => get('/', ['Cookie', `celeriac-theme=${inHeader(text)}`]),
  (text) => get('/task/', ['X-Part', inHeader(text)], ['Referer', inHeader(text)], ['User-Agent', inHeader(text)]),
  (text) => post('/act/job', form({ do: text, id: text }), FORM, SAME),
  (text) => post('/act/jobs', form({ do: 'revoke-all', q: text }), FORM, SAME),
  (text) => post('/act/schedule', form({ do: text, name: text }), FORM, SAME),
  (text) => ({ target: `${BASE}/`, headers: [['Host', inHeader(text)], AUTH] }),
  (text) => ({ target: `${BASE}/?token=${encoded(text)}` }),
]

/** A hostile text in each place where one may be sent back. */
export function reflections(count: number, random: Random): Attack[] {
  return Array.from({ length: count }, (_, i) => {
    const text = PAYLOADS[i % PAYLOADS.length] as string
    const place = i < PAYLOADS.length ? (PLACES[i % PLACES.length] as (text: string) => Asked) : pick(PLACES, random)
    return { name: 'reflection', asked: place(text), text }
  })
}

/** Hostile texts that were stored, on every page. */
export function storedPages({ ids, failed }: Target): Attack[] {
  const pages = [
    '/',
    '/task/',
    '/task/?size=100&q=state%3Afailure',
    '/queues/',
    '/schedules/',
    '/workers/',
    '/events/',
    '/audit/',
  ]
  const own = [...ids, failed].flatMap((id) =>
    ['', '/args.json', '/result.json'].map((rest) => `/task/${encoded(id)}${rest}`),
  )
  return [...pages, ...own].map((target) => ({ name: 'stored', asked: get(target), status: [200] }))
}

const SITES = ['cross-site', 'same-site', 'none', 'SAME-ORIGIN ', 'same-origin, cross-site', ''] as const
const ORIGINS = (port: number): string[] => [
  'null',
  'http://evil.example',
  `http://127.0.0.1:${port}.evil.example`,
  `http://evil.example#127.0.0.1:${port}`,
  `http://127.0.0.1:${port}@evil.example`,
  `http://localhost:${port + 1}`,
  'http://127.0.0.1',
  '//127.0.0.1',
  'file://',
  '',
]
const HOSTS = (port: number): string[] => [
  'evil.example',
  `127.0.0.1:${port}.evil.example`,
  `evil.example:${port}`,
  `127.0.0.1@evil.example`,
  'localhost.evil.example',
  '127.0.0.1, evil.example',
  '[::1',
  '2130706433',
  '0x7f000001',
  '',
]
const TYPES = [
  'application/x-www-form-urlencoded',
  'text/plain',
  'application/json',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencodedx',
  '',
]
const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'GET', 'HEAD'] as const
const REFUSED = [400, 401, 403, 404, 405, 413, 421, 422]

/** Changes asked for by somebody who may not: each has one thing wrong at least. */
export function forgeries(count: number, random: Random, { port, failed }: Target): Attack[] {
  const body = form({ do: 'retry', id: failed })
  return Array.from({ length: count }, () => {
    const headers: Header[] = []
    const wrong = integer(random, 0, 4)
    if (wrong !== 0) headers.push(AUTH)
    else if (random() < 0.5)
      headers.push([
        'Authorization',
        pick([`Basic ${TOKEN}`, `Bearer ${TOKEN}x`, 'Bearer ', `Bearer  ${TOKEN} x`], random),
      ])
    headers.push(['Host', wrong === 1 ? pick(HOSTS(port), random) : `127.0.0.1:${port}`])
    if (wrong === 2) {
      if (random() < 0.5) headers.push(['Sec-Fetch-Site', pick(SITES, random)])
      else if (random() < 0.9) headers.push(['Origin', pick(ORIGINS(port), random)])
    } else headers.push(SAME)
    headers.push(['Content-Type', wrong === 3 ? pick(TYPES.slice(1), random) : (TYPES[0] as string)])
    const method = wrong === 4 ? pick(METHODS.slice(1), random) : 'POST'
    if (random() < 0.2) headers.push(['X-HTTP-Method-Override', 'POST'])
    if (wrong !== 4 && random() < 0.2) headers.push(['X-Forwarded-Host', '127.0.0.1'])
    const at = pick(['/act/job', '/act/job/', '/act/job?', `/act/job?${body}`, '/act/jobs'], random)
    const own = at === '/act/jobs' ? form({ do: 'retry-chosen', id: failed }) : body
    // An empty status stands for a connection that is closed.
    return { name: 'forgery', asked: { method, target: BASE + at, headers, body: own }, status: [0, ...REFUSED] }
  })
}

const UP = ['..', '%2e%2e', '%2E.', '..%00', '..;', '....', '%252e%252e', '.%2e', '..\\', '..%5c', '..%c0%af', '\u2025']
const FILES = ['package.json', 'dist/lib/index.js', 'etc/passwd', 'jobs.db', 'proc/self/environ']

/** Files that are no assets, and addresses that lead elsewhere. */
export function wanderings(count: number, random: Random): Attack[] {
  const fixed: Asked[] = [
    get('/static/x/'),
    get('/static//style.css'),
    get('/static/x/%00'),
    get('/%'),
    get('/%ff%fe%80'),
    get('/task/%E0%A4%A'),
    get(`/${'a/'.repeat(2_000)}`),
    get(`/task/${'x'.repeat(7_000)}`),
    { target: 'http://evil.example/', headers: [AUTH] },
    { target: '//evil.example/', headers: [AUTH] },
    { target: '*', method: 'OPTIONS', headers: [AUTH] },
    { target: `${BASE}/..//evil.example/?token=${TOKEN}` },
    { target: `${BASE}//evil.example/?token=${TOKEN}` },
    { target: `${BASE}/\\evil.example/?token=${TOKEN}` },
    { target: `${BASE}/%09/evil.example?token=${TOKEN}` },
    { target: `//evil.example${BASE}/?token=${TOKEN}` },
    { target: `${BASE}/task/?token=${TOKEN}&q=%0d%0aset-cookie:%20x=y` },
    { target: `${BASE}/?token=${TOKEN}%0d%0aset-cookie:%20x=y` },
  ]
  return Array.from({ length: Math.max(count, fixed.length) }, (_, i) => {
    const up = `${pick(UP, random)}${pick(['/', '%2f', '\\', '%5c', '//'], random)}`.repeat(integer(random, 1, 8))
    const path = `/static/${random() < 0.5 ? 'x/' : ''}${up}${pick(FILES, random)}`
    return { name: 'wandering', asked: fixed[i] ?? get(path), status: [0, 303, ...REFUSED, 200, 414, 431] }
  })
}

/** Requests that two parsers could read in two ways; none may let a second one through. */
export function smuggling({ port, failed }: Target): Attack[] {
  const second = `POST ${BASE}/act/job HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAuthorization: Bearer ${TOKEN}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form({ do: 'retry', id: failed }).length}\r\n\r\n${form({ do: 'retry', id: failed })}`
  const head = `POST ${BASE}/act/queue HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n`
  const smuggled = [
    `Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${second}`,
    `Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${second}`,
    `Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${second}`,
    `Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${second}`,
    `Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${second}`,
    `Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n${second}`,
    `Content-Length: 0\r\nContent-Length: ${second.length}\r\n\r\n${second}`,
    `Content-Length: +0\r\n\r\n${second}`,
    `Content-Length: 0x10\r\n\r\n${second}`,
    `Content-Length : 0\r\n\r\n${second}`,
    `Content-Length: -1\r\n\r\n${second}`,
    `X: a\nContent-Length: ${second.length}\r\n\r\n${second}`,
    `X: \0\r\n\r\n${second}`,
    `X: ${'y'.repeat(70_000)}\r\n\r\n`,
    `${'X: y\r\n'.repeat(3_000)}\r\n`,
  ].map((rest) => head + rest)
  const strange = [
    '\0\0\0\0',
    `GET ${BASE}/\r\n\r\n`,
    `GET ${BASE}/ HTTP/9.9\r\n\r\n`,
    `get ${BASE}/ HTTP/1.1\r\nHost: x\r\n\r\n`,
    '\x16\x03\x01\x02\x00\x01\x00',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    `GET ${BASE}/ HTTP/1.1\r\n\r\n`,
  ]
  return [...smuggled, ...strange].map((bytes) => ({
    name: 'smuggling',
    asked: { bytes: bytes.replace('HTTP/1.1\r\nHost', 'HTTP/1.1\r\nConnection: close\r\nHost') },
    status: [0, ...REFUSED, 431, 505],
  }))
}

/** Much work for little: each must be answered in time. */
export function bombs({ failed }: Target): Attack[] {
  const many = (text: string, bytes: number): string => text.repeat(Math.floor(bytes / text.length))
  const queries = [
    `task:${many('*a', 1_900)}b`,
    `task:${many('*', 1_900)}`,
    `task:${'*a'.repeat(20)}b`,
    `error:"${many('%_', 1_900)}"`,
    `error:"${many('\\\\', 1_800)}"`,
    `tag:"${many('\\"', 1_800)}"`,
    `state:${many('failure,', 1_900)}failure`,
    many('queue:a ', 1_900),
    many('"', 1_900),
    `since:${many('9', 1_900)}y`,
    `since:-271821-04-20 until:+275760-09-13`,
    many('x', 7_000),
  ]
  const large: [string, number[]][] = [
    [`do=retry&id=${failed}x&pad=${'x'.repeat(4 * 1024 * 1024)}`, [413]],
    [many('a=1&', 3_900_000), [422]],
    [many('&', 3_900_000), [422]],
    [many('%', 3_900_000), [422]],
    [Array.from({ length: 200_000 }, (_, i) => `k${i}=1`).join('&'), [422]],
    [`do=again&id=${failed}&args=${encoded('['.repeat(500_000))}`, [422]],
    [`do=again&id=${failed}&args=${encoded(`${'['.repeat(300_000)}${']'.repeat(300_000)}`)}`, [422]],
    [
      `do=again&id=${failed}&args=${encoded('[{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')}`,
      [422],
    ],
    ['__proto__=1&__proto__[polluted]=1&constructor[prototype][polluted]=1&do=retry&toString=1', [422]],
    [`do=revoke-chosen&${many('id=x&', 100_000)}`, [303, 422]],
  ]
  return [
    ...queries.map((q) => ({ name: `query ${q.slice(0, 12)}`, asked: get(`/task/?q=${encoded(q)}`) })),
    ...['1e308', '-1', 'NaN', '9'.repeat(400), '0x10', '1;drop table'].map((n) => ({
      name: `number ${n.slice(0, 12)}`,
      asked: get(`/task/?size=${encoded(n)}&after=${encoded(n)}`),
    })),
    ...large.flatMap(([body, status]) =>
      ['/act/job', '/act/jobs'].map((at) => ({
        name: `form ${body.slice(0, 24)}`,
        asked: post(at, body, FORM, SAME),
        status: [...status, 422, 303, 200],
      })),
    ),
    {
      name: 'a body longer than it says',
      asked: post('/act/job', chunked('x'.repeat(65_536), 80), FORM, SAME, ['Transfer-Encoding', 'chunked']),
      status: [0, 413],
    },
  ]
}

function chunked(part: string, times: number): Buffer {
  return Buffer.from(`${`${part.length.toString(16)}\r\n${part}\r\n`.repeat(times)}0\r\n\r\n`)
}
