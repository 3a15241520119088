/** The completion scripts, evaluated by the shells that are here. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import { COMMANDS } from '../../lib/cli/commands.ts'
import { celeriac, json } from '../fixtures/cli/command.ts'

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
    // Where the shell is not installed there is nothing to ask it.
    const here = !spawnSync(shell, ['--version']).error
    if (here)
      test(`${shell} can read its script`, async () => {
        const { stdout } = await celeriac('completion', shell)
        const { status, stderr } = spawnSync(shell, ['-n'], { input: stdout, encoding: 'utf8' })
        assert.deepEqual([status, stderr], [0, ''])
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
