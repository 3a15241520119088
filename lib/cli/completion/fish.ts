import { type Completed, type CompletedOption, everywhereOf } from './words.ts'

export function fish(commands: readonly Completed[]): string {
  const lines = [
    '# fish completion of celeriac: celeriac completion fish > ~/.config/fish/completions/celeriac.fish',
    'complete -c celeriac -f',
  ]
  // Not `__fish_use_subcommand`: it takes the value of an option before the command for the command.
  const first = `-n ${quoted(`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`)}`
  for (const option of everywhereOf(commands)) lines.push(`complete -c celeriac ${first} ${optionOf(option)}`)
  for (const { name, summary, options, choices } of commands) {
    lines.push(`complete -c celeriac ${first} -a ${name} -d ${quoted(summary)}`)
    const when = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`
    if (choices.length > 0) lines.push(`complete -c celeriac ${when} -a ${quoted(choices.join(' '))}`)
    for (const option of options) lines.push(`complete -c celeriac ${when} ${optionOf(option)}`)
  }
  return `${lines.join('\n')}\n`
}

function optionOf({ names, summary, value }: CompletedOption): string {
  const flags = names.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
  return `${flags.join(' ')} -d ${quoted(summary)}${value === 'file' ? ' -r -F' : value === 'text' ? ' -x' : ''}`
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
