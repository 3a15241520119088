import type { CommandSpec, OptionSpec } from '../command.ts'

/** A command as a shell completes it. */
export interface Completed {
  name: string
  summary: string
  options: { names: string[]; summary: string; value: 'none' | 'file' | 'text'; choices: readonly string[] }[]
  /** What its first argument may be. */
  choices: readonly string[]
}

/** @param everywhere options of every command */
export function completed(commands: readonly CommandSpec[], everywhere: readonly OptionSpec[]): Completed[] {
  return commands.map(({ name, summary, options = [], arguments: args = [] }) => ({
    name,
    summary,
    options: [...options, ...everywhere].map((option) => ({
      names: option.flags.match(/--?[a-zA-Z][\w-]*/g) ?? [],
      summary: option.summary,
      value: /<(file|module)>/.test(option.flags) ? 'file' : option.flags.includes('<') ? 'text' : 'none',
      choices: option.choices ?? [],
    })),
    choices: args[0]?.choices ?? [],
  }))
}
