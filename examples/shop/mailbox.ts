/** A small SMTP server on loopback, so that the example's e-mails really go out and can be looked at. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { SMTPServer } from 'smtp-server'

export interface Mailbox {
  /** Such as `smtp://127.0.0.1:40213`; the port is the operating system's choice. */
  url: string
  /** Raw messages, in the order they came. */
  messages: string[]
  close(): Promise<void>
}

export async function openMailbox(onMail: (to: string[]) => void = () => {}): Promise<Mailbox> {
  const messages: string[] = []
  const server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    onData: (stream, session, done) => {
      text(stream).then((message) => {
        messages.push(message)
        onMail(session.envelope.rcptTo.map((recipient) => recipient.address))
        done()
      }, done)
    },
  })
  server.on('error', (error) => console.error('mailbox:', error.message))
  const listener = server.listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  return {
    url: `smtp://127.0.0.1:${port}`,
    messages,
    close: () => new Promise((closed) => server.close(() => closed())),
  }
}
