import type { AsyncResult } from 'celeriac'
import type { Connection } from './database.ts'
import { sendEmail } from './tasks.ts'

export interface SignedUp {
  userId: number
  mail: AsyncResult<string>
}

/**
 * Stores a user and the job that welcomes them in one transaction: both exist, or neither does. `confirm` runs inside
 * it; what it throws undoes both.
 */
export function signUp(
  db: Connection,
  user: { name: string; email: string },
  smtp: string,
  confirm: (signedUp: SignedUp) => void = () => {},
): SignedUp {
  const transaction = db.transaction((): SignedUp => {
    const row = db.prepare('INSERT INTO users (email, name) VALUES ($email, $name)').run(user)
    const userId = Number(row.lastInsertRowid)
    const mail = sendEmail.within(db).delay(userId, smtp)
    confirm({ userId, mail })
    return { userId, mail }
  })
  return transaction.immediate()
}

export function countUsers(db: Connection): number {
  return db.prepare('SELECT count(*) FROM users').pluck().get() as number
}
