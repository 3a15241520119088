import { Argument, Command, CommanderError, Option } from 'commander'
import type { Call, CommandSpec } from './command.ts'
import { COMMANDS, GLOBAL_OPTIONS } from './commands.ts'
import { exitCodeOf, explanation, FAILED, OK, USAGE } from './exit.ts'
import { Opening } from './opening.ts'
import type { Terminal } from './terminal.ts'
import { version } from './version.ts'

const AFTER_HELP = `
Without -A and --database, celeriac.db of the working directory is meant if there is one.
Exit codes: 0 done, 1 failed, 2 wrongly used, 69 no live worker for what needs one, 75 the file is locked.`

/** Runs one command line, and returns the exit code. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  let outcome: number = OK
  const program = new Command('celeriac')
    .description('See and steer the tasks of a Celeriac app.')
    .version(version(), '-V, --version')
    .helpCommand('help [command]', 'help on a command')
    .addHelpText('after', AFTER_HELP)
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => terminal.output.write(text),
      writeErr: (text) => terminal.error.write(text),
      getOutHasColors: () => terminal.colour,
    })
    .exitOverride()
  for (const { flags, summary, variable } of GLOBAL_OPTIONS) {
    const option = new Option(flags, summary)
    program.addOption(variable ? option.env(variable) : option)
  }
  for (const spec of COMMANDS) {
    const command = commandOf(program, spec)
    command.action(async () => {
      const globals = program.opts<{
        app?: string
        database?: string
        json?: true
        yes?: true
        color: boolean
        redact: boolean
      }>()
      if (!globals.color) terminal.withoutColour()
      const opening = new Opening(globals.app, globals.database, globals.redact)
      const { json = false, yes = false } = globals
      const call: Call = {
        terminal,
        opening,
        json,
        yes,
        args: command.args,
        options: command.opts(),
        known: { commands: COMMANDS, options: GLOBAL_OPTIONS },
      }
      try {
        const { run } = await spec.load()
        outcome = (await run(call)) ?? OK
      } finally {
        await opening.close()
      }
    })
  }
  try {
    await program.parseAsync(args, { from: 'user' })
    return outcome
  } catch (error) {
    // Commander has said by then what is wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? OK : USAGE
    terminal.say(`${terminal.paint('bad', 'celeriac:')} ${explanation(error)}`)
    return exitCodeOf(error) || FAILED
  }
}

function commandOf(program: Command, spec: CommandSpec): Command {
  const command = program.command(spec.name).description(spec.summary)
  for (const { name, summary, choices } of spec.arguments ?? []) {
    const argument = new Argument(name, summary)
    if (choices) argument.choices([...choices])
    command.addArgument(argument)
  }
  for (const { flags, summary, choices, repeatable } of spec.options ?? []) {
    const option = new Option(flags, summary)
    if (choices) option.choices([...choices])
    if (repeatable) option.argParser((value: string, before: string[] | undefined) => [...(before ?? []), value])
    command.addOption(option)
  }
  if (spec.notes) command.addHelpText('after', `\n${spec.notes}`)
  return command
}
