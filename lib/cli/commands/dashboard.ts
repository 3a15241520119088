import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Call } from '../command.ts'
import { CommandFailed, FAILED } from '../exit.ts'
import { wholeNumber } from '../numbers.ts'
import { toJson } from '../output/json.ts'

/** Where Celery's Flower is looked for. */
const PORT = 5555

/** Serves the dashboard to this machine only, and only to who has the address with its token. */
export async function run({ terminal, opening, json, options }: Call): Promise<undefined> {
  const port = wholeNumber(options.port, '--port', PORT, 0, 65_535)
  const app = await opening.producer()
  const { createDashboard } = await import('../../dashboard/index.ts')
  const token = randomBytes(24).toString('base64url')
  const dashboard = createDashboard(app, { token, readOnly: options.readOnly === true })
  const server = createServer((request, response) => void dashboard.node(request, response))
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? `port ${port} is taken; --port 0 finds a free one` : error.message
      reject(new CommandFailed(FAILED, `the dashboard cannot be served: ${why}`))
    })
    server.listen(port, '127.0.0.1', resolve)
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/?token=${token}`
  terminal.print(json ? toJson({ url }) : url)
  terminal.say('whoever has this address may steer; Ctrl-C ends it')
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  server.closeAllConnections()
  server.close()
}
