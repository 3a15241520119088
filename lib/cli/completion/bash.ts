import { type Completed, everywhereOf } from './words.ts'

export function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, options, choices }) => {
    const words = [...options.flatMap((option) => option.names), ...choices].join(' ')
    return `    ${name}) words='${words}' ;;`
  })
  const files = valued(commands, 'file').join('|')
  const texts = valued(commands, 'text').join('|')
  return `# bash completion of celeriac: eval "$(celeriac completion bash)"
_celeriac() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command='' words='' i skip=0
  COMPREPLY=()
  case "$before" in
    ${files}) COMPREPLY=($(compgen -f -- "$word")); return ;;
    ${texts}) return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    if ((skip)); then skip=0; continue; fi
    case "\${COMP_WORDS[i]}" in
      ${[files, texts].join('|')}) skip=1 ;;
      -*) ;;
      *) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command" in
    '') words='${commands.map(({ name }) => name).join(' ')} ${everywhereOf(commands)
      .flatMap(({ names }) => names)
      .join(' ')}' ;;
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o filenames -F _celeriac celeriac
`
}

function valued(commands: readonly Completed[], value: 'file' | 'text'): string[] {
  const options = commands.flatMap((command) => command.options).filter((option) => option.value === value)
  return [...new Set(options.flatMap((option) => option.names))]
}
