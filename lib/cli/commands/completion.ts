import type { Call } from '../command.ts'
import { completed } from '../completion/words.ts'
import { toJson } from '../output/json.ts'

export async function run({ terminal, json, args, known }: Call): Promise<undefined> {
  const commands = completed(known.commands, known.options)
  if (json) return terminal.print(toJson(commands, 2))
  const script = await scriptOf(args[0] as string)
  terminal.print(script(commands).trimEnd())
}

async function scriptOf(shell: string): Promise<(commands: ReturnType<typeof completed>) => string> {
  if (shell === 'bash') return (await import('../completion/bash.ts')).bash
  if (shell === 'zsh') return (await import('../completion/zsh.ts')).zsh
  return (await import('../completion/fish.ts')).fish
}
