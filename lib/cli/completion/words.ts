import type { CommandSpec, OptionSpec } from '../command.ts'

export interface CompletedOption {
  names: string[]
  summary: string
  value: 'none' | 'file' | 'text'
  choices: readonly string[]
}

/** A command as a shell completes it. */
export interface Completed {
  name: string
  summary: string
  options: CompletedOption[]
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

/** Options that all commands have, and that may stand before the command too. */
export function everywhereOf(commands: readonly Completed[]): CompletedOption[] {
  const [first, ...others] = commands
  const has = ({ options }: Completed, name: string): boolean => options.some(({ names }) => names.includes(name))
  return (first?.options ?? []).filter(({ names }) => names.every((name) => others.every((other) => has(other, name))))
}
