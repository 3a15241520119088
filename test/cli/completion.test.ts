/** The completion scripts, evaluated by the shells that are here. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { COMMANDS } from '../../lib/cli/commands.ts'
import { celeriac, json } from '../fixtures/cli/command.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

/** What a shell makes of the last word of a line, with the script in `folder`; waits for as long as it is not the end expected. */
const COMPLETE = {
  fish(folder: string, line: string): string {
    const program = 'source $argv[1]/_celeriac; complete -C $argv[2]'
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', program, folder, line], { encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout.trim().split('\t')[0] as string
  },
  /** In a terminal of its own: only there it completes anything. */
  zsh(folder: string, line: string, end: string): string {
    const { stdout, stderr } = spawnSync('zsh', ['-f', '-c', ZSH, 'zsh', folder, line, end], { encoding: 'utf8' })
    assert.equal(stderr, '')
    return stdout.trim()
  },
}
const ZSH = String.raw`
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; print REA''DY"
said=''
repeat 600; do
  while zpty -rt shell part 2>/dev/null; do said+=$part; done
  [[ $said == *READY* ]] && break
  sleep 0.05
done
zpty -w -n shell "$2"$'\t'
said=''
repeat 600; do
  while zpty -rt shell part 2>/dev/null; do said+=$part; done
  [[ $said == *$3* ]] && { print -r -- $3; break }
  sleep 0.05
done
[[ $said == *$3* ]] || print -r -- "$said"
zpty -d shell
`

describe('completion', () => {
  test('bash completes commands, options, choices and files', async () => {
    const { code, stdout } = await celeriac('completion', 'bash')
    assert.equal(code, 0)
    const complete = (...words: string[]): string[] => {
      const program = `${stdout}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_celeriac\nprintf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout: said, stderr } = spawnSync('bash', ['-c', program, 'bash', 'celeriac', ...words], {
        encoding: 'utf8',
      })
      assert.equal(stderr, '')
      return said.split('\n').filter(Boolean)
    }
    assert.deepEqual(complete('sch'), ['schedules'])
    assert.deepEqual(complete('--database', 'any.db', 'ins'), ['inspect'])
    assert.deepEqual(complete('inspect', 'w'), ['workers'])
    assert.deepEqual(complete('tasks', '--sta'), ['--state'])
    assert.deepEqual(complete('tasks', '--json', '--que'), ['--queue'])
    assert.ok(complete('status', '--database', '/etc/passw').includes('/etc/passwd'))
    assert.deepEqual(complete('tasks', '--state', ''), [])
    for (const { name } of COMMANDS) assert.ok(complete(name.slice(0, -1)).includes(name), name)
  })

  for (const shell of ['zsh', 'fish'] as const) {
    const missing = spawnSync(shell, ['--version']).error ? `${shell} is not installed` : false

    test(`${shell} completes commands, options, choices and files`, { skip: missing }, async () => {
      const { stdout } = await celeriac('completion', shell)
      const folder = temporaryFolder()
      writeFileSync(join(folder, '_celeriac'), stdout)
      writeFileSync(join(folder, 'only.db'), '')
      for (const [line, end] of [
        ['celeriac sch', 'schedules'],
        ['celeriac --database any.db inspect wor', 'workers'],
        ['celeriac tasks --sta', '--state'],
        [`celeriac status --database ${folder}/on`, `${folder}/only.db`],
      ] as const)
        assert.equal(COMPLETE[shell](folder, line, end), end, line)
    })

    test(`the script for ${shell} names every command and its options`, async () => {
      const { code, stdout } = await celeriac('completion', shell)
      assert.equal(code, 0)
      for (const { name, options = [] } of COMMANDS) {
        assert.match(stdout, new RegExp(`\\b${name}\\b`))
        for (const { flags } of options)
          assert.ok(stdout.includes((/--([\w-]+)/.exec(flags) as RegExpExecArray)[1] as string), flags)
      }
    })
  }

  test('as data for other shells', async () => {
    const commands = await json<{ name: string; choices: string[] }[]>(['completion', 'bash'])
    assert.deepEqual(
      commands.map(({ name }) => name),
      COMMANDS.map(({ name }) => name),
    )
  })

  test('an unknown shell is refused', async () => {
    const { code, stderr } = await celeriac('completion', 'csh')
    assert.equal(code, 2)
    assert.match(stderr, /Allowed choices are bash, zsh, fish/)
  })
})
