import { CommandFailed, USAGE } from './exit.ts'
import type { Terminal } from './terminal.ts'

/** Asks before something is done that cannot be undone. Where nobody can be asked, it is refused. */
export async function confirm(question: string, yes: boolean, terminal: Terminal): Promise<void> {
  if (yes) return
  if (!terminal.interactive) throw new CommandFailed(USAGE, `${question} Nobody is here to be asked: say --yes`)
  const { createInterface } = await import('node:readline/promises')
  const asking = createInterface({ input: terminal.input, output: terminal.error })
  const answer = await asking.question(`${question} [y/N] `).catch(() => '')
  asking.close()
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandFailed(1, 'nothing was done')
}
