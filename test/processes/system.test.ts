/** What a busy process does to its timers and its files, seen from outside. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { Program, programPath } from '../fixtures/program.ts'

test('no timer is longer than a minute, whatever times are asked for', async () => {
  const log = join(temporaryFolder(), 'timers')
  const watch = pathToFileURL(programPath('timer-watch')).href
  const env = { ...process.env, TIMER_LOG: log, NODE_OPTIONS: `--import ${watch}` }
  const program = new Program('busy-program', [freshDatabase()], { env })
  assert.equal(await program.ended(), 0, program.output)
  const timers = readFileSync(log, 'utf8').trim().split('\n')
  const delays = timers.map((line) => Number.parseFloat(line))
  assert.ok(Math.max(...delays) > 1_000, 'timers were seen')
  assert.deepEqual(
    timers.filter((_, i) => delays[i]! > 60_000),
    [],
  )
})

const strace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'])

/**
 * Closing any descriptor of the database or its shared memory drops SQLite's locks on them in this process, and with them
 * rows of others. SQLite opens with O_NOFOLLOW and reads and writes through descriptors that it keeps; `fs` does neither.
 * The WAL holds no locks: the engine opens it once more, to sync it.
 */
test(
  strace.status === 0
    ? 'only SQLite opens the database and its shared memory, and the engine the WAL beside it'
    : 'strace does not run here, so the files that are opened were not looked at',
  async () => {
    if (strace.status !== 0) return
    const database = freshDatabase()
    const log = join(temporaryFolder(), 'calls')
    const command = ['strace', '-f', '-qq', '-e', 'trace=open,openat,openat2', '-o', log]
    const program = new Program('busy-program', [database], { command })
    assert.equal(await program.ended(), 0, program.output)
    const calls = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => line.includes('jobs.db'))
    const opened = (suffix: string) => calls.filter((line) => line.includes(`${database}${suffix}"`))
    for (const suffix of ['-shm', '-wal', '']) {
      const calls = opened(suffix)
      assert.ok(calls.length > 0, `jobs.db${suffix} was opened`)
      // The one exception makes the file, and fails when it is there.
      const made = calls.filter((call) => /O_CREAT\|O_EXCL/.test(call))
      const bySqlite = calls.filter((call) => /O_NOFOLLOW/.test(call))
      const others = calls.filter((call) => !made.includes(call) && !bySqlite.includes(call))
      if (suffix === '-wal')
        for (const call of others) assert.match(call, /, O_RDWR\|O_CLOEXEC(\) = \d+| <unfinished \.\.\.>)$/)
      else assert.deepEqual(others, [])
      assert.equal(made.filter((call) => !call.includes('EEXIST')).length, suffix === '' ? 1 : 0)
    }
    for (const call of calls.filter((line) => line.includes('.alive')))
      assert.match(call, /O_NOFOLLOW|O_CREAT\|O_EXCL/, "a presence file is SQLite's alone once it is locked")
  },
)
