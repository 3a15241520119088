/** Attacks on the dashboard over HTTP, judged by what comes back, by what was changed and by what it cost. */
import { type ClientRequest, request } from 'node:http'
import { integer, type Random } from '../../crash/random.ts'
import { BASE, openTarget, type Target, TOKEN } from './app.ts'
import { type Attack, bombs, forgeries, reflections, smuggling, storedPages, wanderings } from './attacks.ts'
import { type Answer, ask, send } from './http.ts'
import { scriptable, standsRaw } from './page.ts'

/** Longest time of one answer, in ms: a machine that does much else has its share in it. */
const LONGEST = 10_000
/** More streams than are served at once, and how many those are. */
const STREAMS = 230
const SERVED = 200

export interface Siege {
  cases: number
  slowest: number
  violations: string[]
}

export interface SiegeOptions {
  database: string
  random: Random
  /** Random attacks of each kind, beside the fixed ones. */
  each: { reflections: number; forgeries: number; wanderings: number }
  progress?: (done: number, of: number) => void
}

export async function besiege({ database, random, each, progress }: SiegeOptions): Promise<Siege> {
  const siege: Siege = { cases: 0, slowest: 0, violations: [] }
  const found = (text: string): void => void siege.violations.push(text.slice(0, 600))
  const stray = (error: unknown): void => found(`left behind: ${String((error as Error)?.stack ?? error)}`)
  process.on('unhandledRejection', stray)
  const target = await openTarget(database)
  const before = await stateOf(target)
  const globals = Object.getOwnPropertyNames(Object.prototype).length
  try {
    const attacks = [
      ...storedPages(target),
      ...reflections(each.reflections, random),
      ...forgeries(each.forgeries, random, target),
      ...wanderings(each.wanderings, random),
      ...smuggling(target),
      ...bombs(target),
    ]
    let next = 0
    const work = async (): Promise<void> => {
      for (let at = next++; at < attacks.length; at = next++) {
        const attack = attacks[at] as Attack
        const { asked } = attack
        const answer = await ('bytes' in asked ? send(target.port, asked.bytes) : ask(target.port, asked)).catch(
          (error: Error) => error,
        )
        siege.cases++
        const wrong = answer instanceof Error ? [answer.message] : judge(attack, answer, target)
        for (const text of wrong) found(`${attack.name}: ${text}: ${JSON.stringify(asked).slice(0, 300)}`)
        if (!(answer instanceof Error)) siege.slowest = Math.max(siege.slowest, answer.milliseconds)
        progress?.(at + 1, attacks.length)
      }
    }
    await Promise.all([work(), work(), work()])
    for (const text of await flood(target, random)) found(text)
    siege.cases += STREAMS
    if (JSON.stringify(await stateOf(target)) !== JSON.stringify(before))
      found(`something was changed: ${JSON.stringify(before)} became ${JSON.stringify(await stateOf(target))}`)
    if (Object.getOwnPropertyNames(Object.prototype).length !== globals || 'polluted' in {})
      found('the prototype of all objects was changed')
    const after = await ask(target.port, { target: `${BASE}/`, headers: [['Authorization', `Bearer ${TOKEN}`]] })
    if (after.status !== 200) found(`afterwards the first page answers ${after.status}`)
  } finally {
    process.off('unhandledRejection', stray)
    await target.close()
  }
  return siege
}

/** What no attack may change. */
async function stateOf({ app, failed }: Target): Promise<unknown> {
  const info = await app.result(failed).info()
  const audit = await app.audit.list({ limit: 100 })
  const { paused, ...stats } = { paused: await app.inspect.paused(), states: (await app.inspect.stats()).states }
  return {
    state: info?.state,
    attempt: info?.attempt,
    audit: audit.filter(({ outcome }) => outcome === 'done').length,
    paused,
    stats,
  }
}

function judge({ text, status }: Attack, answer: Answer, { ids }: Target): string[] {
  const wrong: string[] = []
  const { headers, body } = answer
  if (answer.status >= 500 && answer.status !== 505)
    wrong.push(`answered ${answer.status}: ${body.replace(/<[^>]*>/g, ' ').slice(-300)}`)
  else if (status && !status.includes(answer.status)) wrong.push(`answered ${answer.status}`)
  if (answer.answers > 1) wrong.push(`${answer.answers} answers to one request`)
  if (answer.milliseconds > LONGEST) wrong.push(`took ${Math.round(answer.milliseconds)} ms`)
  if (/"name": "celeriac"|root:x:0|SQLite format 3/.test(body)) wrong.push('a file was given away')
  if (/\bat \S+ \(file:\/\//.test(body) && answer.status !== 200) wrong.push('a stack was given away')
  if (answer.status === 401 && ids.some((id) => body.includes(id))) wrong.push('a page was given away')
  const type = headers['content-type'] ?? ''
  if (type.startsWith('text/html')) {
    wrong.push(...scriptable(body, headers['content-security-policy'] ?? ''))
    if (text !== undefined && standsRaw(body, text)) wrong.push('the text stands in the page as it was sent')
  }
  if (answer.status > 0 && type !== '' && headers['x-content-type-options'] !== 'nosniff' && answer.status !== 400)
    wrong.push('the type of the answer may be guessed')
  if (headers.location !== undefined) {
    const { host } = new URL(headers.location, `http://dashboard.example${BASE}/`)
    if (host !== 'dashboard.example') wrong.push(`leads to ${headers.location}`)
  }
  const cookies = headers['set-cookie'] ?? ''
  if (cookies !== '' && !cookies.startsWith('celeriac-token=')) wrong.push(`sets ${cookies}`)
  return wrong
}

/** More streams than are served; then all leave at random instants, and one more is served. */
async function flood({ port }: Target, random: Random): Promise<string[]> {
  const open = (): Promise<{ status: number; asked: ClientRequest }> =>
    new Promise((resolve, reject) => {
      const headers = { authorization: `Bearer ${TOKEN}` }
      const asked = request(
        { host: '127.0.0.1', port, path: `${BASE}/live?events`, headers, agent: false },
        (response) => {
          response.on('error', () => {}).resume()
          resolve({ status: response.statusCode ?? 0, asked })
        },
      )
      asked.on('error', reject)
      asked.end()
    })
  const streams = await Promise.all(Array.from({ length: STREAMS }, open))
  const served = streams.filter(({ status }) => status === 200).length
  const refused = streams.filter(({ status }) => status === 503).length
  const left = [...streams]
  while (left.length > 0) left.splice(integer(random, 0, left.length - 1), 1)[0]?.asked.destroy()
  const wrong: string[] = []
  if (served !== SERVED || served + refused !== STREAMS)
    wrong.push(`of ${STREAMS} streams ${served} were served and ${refused} refused`)
  try {
    let status = 0
    for (let tries = 0; status !== 200 && tries < 200; tries++) {
      const { status: said, asked } = await open()
      status = said
      asked.destroy()
      if (status !== 200) await new Promise((resolve) => setTimeout(resolve, 25))
    }
    if (status !== 200) wrong.push(`after the flood a stream is answered ${status}`)
  } catch (error) {
    wrong.push(String(error))
  }
  return wrong
}
