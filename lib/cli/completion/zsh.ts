import { type Completed, type CompletedOption, everywhereOf } from './words.ts'

export function zsh(commands: readonly Completed[]): string {
  const list = commands.map(({ name, summary }) => `    '${quoted(`${name.replaceAll(':', '\\:')}:${summary}`)}'`)
  const cases = commands.map(({ name, options, choices }) => {
    const first = choices.length > 0 ? [`'1:what:(${choices.join(' ')})'`] : []
    return `        ${name}) _arguments ${[...specsOf(options), ...first].join(' ')} ;;`
  })
  return `#compdef celeriac
# zsh completion of celeriac: celeriac completion zsh > "\${fpath[1]}/_celeriac"
_celeriac() {
  local curcontext="$curcontext" state
  local -a commands line
  commands=(
${list.join('\n')}
  )
  _arguments -C ${specsOf(everywhereOf(commands)).join(' ')} '1: :->command' '*:: :->rest'
  case "$state" in
    command) _describe command commands ;;
    rest)
      case "\${words[1]}" in
${cases.join('\n')}
      esac ;;
  esac
}
# Read by compinit as a function's body, or by the user's own files.
if [[ "\${funcstack[1]}" == _celeriac ]]; then _celeriac "$@"; else compdef _celeriac celeriac; fi
`
}

function specsOf(options: readonly CompletedOption[]): string[] {
  return options.flatMap(({ names, summary, value }) =>
    names.map((option) => {
      const action = value === 'file' ? ':file:_files' : value === 'text' ? ':value: ' : ''
      return `'${quoted(`${option}[${bracketed(summary)}]${action}`)}'`
    }),
  )
}

const quoted = (text: string): string => text.replaceAll("'", "'\\''")
const bracketed = (text: string): string => text.replace(/[[\]:\\]/g, '\\$&')
