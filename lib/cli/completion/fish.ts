import type { Completed } from './words.ts'

export function fish(commands: readonly Completed[]): string {
  const lines = [
    '# fish completion of celeriac: celeriac completion fish > ~/.config/fish/completions/celeriac.fish',
    'complete -c celeriac -f',
  ]
  for (const { name, summary, options, choices } of commands) {
    lines.push(`complete -c celeriac -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`)
    const when = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`
    if (choices.length > 0) lines.push(`complete -c celeriac ${when} -a ${quoted(choices.join(' '))}`)
    for (const option of options) {
      const names = option.names.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
      const value = option.value === 'file' ? ' -r -F' : option.value === 'text' ? ' -x' : ''
      lines.push(`complete -c celeriac ${when} ${names.join(' ')} -d ${quoted(option.summary)}${value}`)
    }
  }
  return `${lines.join('\n')}\n`
}

const quoted = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
