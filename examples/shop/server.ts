/** The shop as a small web server: sign-up, reports, and the state of a job. */
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { admin, adminPath } from './admin.ts'
import { app, reportsFolder } from './app.ts'
import type { Connection } from './database.ts'
import { homePage } from './home-page.ts'
import { nextReports } from './schedules.ts'
import { countUsers, signUp } from './signup.ts'

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
}

/** An answer that is not 2xx. */
class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface Shop {
  db: Connection
  smtp: string
}

export async function listen(shop: Shop, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    answer(shop, request, response).catch((error: unknown) => {
      const status = error instanceof Refused ? error.status : 500
      if (status === 500) console.error(error)
      if (response.headersSent) response.destroy()
      else sendJson(response, status, { error: status === 500 ? 'internal error' : (error as Error).message })
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

async function answer(shop: Shop, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = new URL(request.url ?? '/', 'http://shop').pathname
  if (path === adminPath || path.startsWith(`${adminPath}/`)) return admin.node(request, response)
  const [, first, second = ''] = path.split('/')
  if (request.method === 'POST' && path === '/users') {
    const { userId, mail } = await signUpFrom(shop, request)
    sendJson(response, 201, { id: userId, mail: `/jobs/${mail.id}` })
  } else if (request.method !== 'GET') {
    throw new Refused(405, `${request.method} ${path} is nothing this shop does`)
  } else if (path === '/') {
    response.setHeader('content-type', 'text/html; charset=utf-8')
    response.end(homePage(countUsers(shop.db), nextReports(3)))
  } else if (first === 'jobs') {
    const state = await app.result(second).state()
    if (state === null) throw new Refused(404, `there is no job ${second}`)
    sendJson(response, 200, { id: second, state })
  } else if (first === 'reports' && /^[\w-]+\.(html|css|csv)$/.test(second)) {
    await sendFile(response, join(reportsFolder, second))
  } else {
    throw new Refused(404, `there is nothing at ${path}`)
  }
}

async function signUpFrom(shop: Shop, request: IncomingMessage) {
  const user = readUser(await readBody(request))
  try {
    return signUp(shop.db, user, shop.smtp)
  } catch (error) {
    if ((error as { code?: string }).code !== 'SQLITE_CONSTRAINT_UNIQUE') throw error
    throw new Refused(409, `${user.email} has an account`)
  }
}

function readUser(body: string): { name: string; email: string } {
  let sent: unknown
  try {
    sent = JSON.parse(body)
  } catch {
    throw new Refused(400, 'the body is no JSON')
  }
  const { name, email } = (sent ?? {}) as { name?: unknown; email?: unknown }
  if (typeof name !== 'string' || name.trim() === '' || name.length > 200) throw new Refused(400, 'name is missing')
  if (typeof email !== 'string' || !/^[^\s@]+@[^\s@]+$/.test(email)) throw new Refused(400, 'email is no address')
  return { name: name.trim(), email }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > 10_000) throw new Refused(413, 'a sign-up is smaller than 10 kB')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

async function sendFile(response: ServerResponse, file: string): Promise<void> {
  const stream = createReadStream(file)
  try {
    await once(stream, 'open')
  } catch {
    throw new Refused(404, 'there is no such report')
  }
  response.setHeader('content-type', contentTypes[extname(file)]!)
  stream.pipe(response)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(`${JSON.stringify(body)}\n`)
}
