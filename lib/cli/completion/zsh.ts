import type { Completed } from './words.ts'

export function zsh(commands: readonly Completed[]): string {
  const list = commands.map(({ name, summary }) => `    '${quoted(`${name.replaceAll(':', '\\:')}:${summary}`)}'`)
  const cases = commands.map(({ name, options, choices }) => {
    const specs = options.flatMap(({ names, summary, value }) =>
      names.map((option) => {
        const action = value === 'file' ? ':file:_files' : value === 'text' ? ':value: ' : ''
        return `'${quoted(`${option}[${bracketed(summary)}]${action}`)}'`
      }),
    )
    const first = choices.length > 0 ? [`'1:what:(${choices.join(' ')})'`] : []
    return `    ${name}) _arguments ${[...specs, ...first].join(' ')} ;;`
  })
  return `#compdef celeriac
# zsh completion of celeriac: celeriac completion zsh > "\${fpath[1]}/_celeriac"
_celeriac() {
  local -a commands
  commands=(
${list.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  local command="\${words[2]}"
  shift words
  ((CURRENT--))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _celeriac celeriac
`
}

const quoted = (text: string): string => text.replaceAll("'", "'\\''")
const bracketed = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')
