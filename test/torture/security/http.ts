/** Requests as they are written, lies and all: what fetch() would put right goes out as it is. */
import { connect } from 'node:net'

export interface Asked {
  method?: string
  /** As it stands in the first line: nothing is escaped or resolved. */
  target: string
  headers?: readonly (readonly [string, string])[]
  body?: string | Buffer
}

export interface Answer {
  /** 0 when the connection was closed without an answer. */
  status: number
  headers: Record<string, string>
  body: string
  /** Answers that came on this connection. */
  answers: number
  milliseconds: number
}

/** Longest wait for an answer, in ms. */
const PATIENCE = 40_000

export function ask(port: number, { method = 'GET', target, headers = [], body = '' }: Asked): Promise<Answer> {
  const own = headers.some(([name]) => name.toLowerCase() === 'host') ? [] : [['Host', `127.0.0.1:${port}`] as const]
  const length =
    body.length > 0 && !headers.some(([name]) => /^(content-length|transfer-encoding)$/i.test(name.trim()))
      ? [['Content-Length', String(Buffer.byteLength(body))] as const]
      : []
  const lines = [...own, ...headers, ...length, ['Connection', 'close'] as const].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  return send(
    port,
    Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1'), Buffer.from(body)]),
  )
}

/** Sends bytes and reads until the other end closes. */
export function send(port: number, bytes: Buffer | string): Promise<Answer> {
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    const timer = setTimeout(() => socket.destroy(new Error(`no answer within ${PATIENCE} ms`)), PATIENCE)
    let failure: Error | null = null
    socket.on('data', (chunk) => chunks.push(chunk))
    // A server may close while a body is still on its way.
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') failure = error
    })
    socket.on('close', () => {
      clearTimeout(timer)
      if (failure) reject(failure)
      else resolve(parse(Buffer.concat(chunks).toString('latin1'), performance.now() - began))
    })
    socket.write(bytes)
  })
}

function parse(text: string, milliseconds: number): Answer {
  const split = text.indexOf('\r\n\r\n')
  const [first = '', ...lines] = (split === -1 ? text : text.slice(0, split)).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return {
    status: Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1] ?? 0),
    headers,
    body: Buffer.from(split === -1 ? '' : text.slice(split + 4), 'latin1').toString('utf8'),
    answers: text.match(/(^|\r?\n|[^\r\n])HTTP\/1\.1 \d{3} /g)?.length ?? 0,
    milliseconds,
  }
}
