import type { AsyncResult } from 'celeriac'
import { app } from './app.ts'
import type { Connection } from './database.ts'
import type { Mailbox } from './mailbox.ts'
import { countUsers, signUp } from './signup.ts'
import { line } from './terminal.ts'

const people = ['Ada', 'Grace', 'Alan', 'Barbara', 'Edsger', 'Radia', 'Niklaus', 'Frances']

/** One sign-up that commits, and one that is rolled back after its e-mail was asked for. */
export async function showSignUps(db: Connection, mailbox: Mailbox, signal: AbortSignal): Promise<void> {
  const welcome = nextUser(db)
  const { userId, mail } = signUp(db, welcome, mailbox.url)
  const answer = await mail.get({ signal })
  line(`committed: ${welcome.email} is user ${userId}; job ${mail.id} sent the mail: ${answer}`)
  for (const text of mailbox.messages.at(-1)!.trimEnd().split(/\r?\n/)) line(`  | ${text}`)

  const before = await counts(db, mailbox)
  let refused: AsyncResult<string> | undefined
  try {
    signUp(db, nextUser(db), mailbox.url, (signedUp) => {
      refused = signedUp.mail
      throw new Error('the card was refused')
    })
  } catch (error) {
    line(`rolled back: ${(error as Error).message}`)
  }
  line(`before: ${before}`)
  line(`after:  ${await counts(db, mailbox)}; the job exists: ${await refused?.exists()}`)
}

function nextUser(db: Connection): { name: string; email: string } {
  const number = countUsers(db) + 1
  const name = people[(number - 1) % people.length]!
  return { name, email: `${name.toLowerCase()}-${number}@example.org` }
}

async function counts(db: Connection, mailbox: Mailbox): Promise<string> {
  const { states } = await app.inspect.stats()
  const jobs = Object.values(states).reduce((sum, count) => sum + count, 0)
  return `users ${countUsers(db)}, jobs ${jobs}, mails ${mailbox.messages.length}`
}
