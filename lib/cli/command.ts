import type { Opening } from './opening.ts'
import type { Terminal } from './terminal.ts'

/** A command as it was called. */
export interface Call {
  terminal: Terminal
  /** Opens the file that is meant. */
  opening: Opening
  /** Whether data is wanted as JSON. */
  json: boolean
  /** Whether questions count as answered with yes. */
  yes: boolean
  args: readonly string[]
  options: Readonly<Record<string, unknown>>
  /** All commands, and the options of each. */
  known: { commands: readonly CommandSpec[]; options: readonly OptionSpec[] }
}

/** Does it, and returns the exit code; nothing means 0. */
export type Run = (call: Call) => Promise<number | undefined>

export interface OptionSpec {
  flags: string
  summary: string
  choices?: readonly string[]
  /** Environment variable that says the same. */
  variable?: string
  /** May be given several times; the values come as an array. */
  repeatable?: boolean
}

export interface ArgumentSpec {
  /** As in usage: `<id>`, `[id]`, `<id...>`. */
  name: string
  summary: string
  choices?: readonly string[]
}

export interface CommandSpec {
  name: string
  summary: string
  arguments?: readonly ArgumentSpec[]
  options?: readonly OptionSpec[]
  /** What follows the list of options in its help. */
  notes?: string
  /** The module is loaded when the command is called, so that one command does not pay for all. */
  load: () => Promise<{ run: Run }>
}
