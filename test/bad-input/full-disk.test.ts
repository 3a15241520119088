/** A disk that is full: what was acknowledged stays, callers are told, and it goes on by itself once there is room. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { doctor } from 'celeriac'
import { Store } from '../../lib/store/store.ts'
import { resultOf } from '../fixtures/calls.ts'
import { main } from '../fixtures/cli/command.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'
import { Program } from '../fixtures/program.ts'
import { openApp } from '../fixtures/tasks.ts'
import { until } from '../fixtures/until.ts'

async function fillAndGoOn(
  program: Program,
  room: () => void,
  line: 'more' | 'stop' = 'more',
): Promise<{ code: string; ids: string[] }> {
  await program.says('refused ')
  room()
  program.child.stdin?.write(`${line}\n`)
  await program.says('went on')
  await until(() => program.child.exitCode !== null, 'the end of the program')
  assert.equal(program.child.exitCode, 0, program.output)
  const ids = /\[.*\]/s.exec(program.output)?.[0]
  return { code: /refused (\w+)/.exec(program.output)?.[1] as string, ids: JSON.parse(ids as string) }
}

async function assertAllRun(database: string, ids: string[]): Promise<void> {
  assert.ok(ids.length > 10, `${ids.length} jobs were acknowledged`)
  assert.ok((await doctor(database, { tasks: ['add'] })).healthy)
  const { app } = openApp({ database })
  await app.start()
  for (const [i, id] of ids.entries()) assert.equal(await resultOf(app.result(id)), i + 1)
  await app.stop()
}

test('a file that may not grow refuses jobs, loses none, and goes on when it may', async () => {
  const database = join(temporaryFolder(), 'jobs.db')
  const program = new Program('full-disk-program', [database], {
    command: ['bash', '-c', 'ulimit -S -f 4000; exec "$@"', 'bash'],
  })
  const { code, ids } = await fillAndGoOn(program, () => {
    execFileSync('prlimit', ['--pid', `${program.child.pid}`, '--fsize=unlimited:unlimited'])
  })
  // SQLite knows only that the write failed: the kernel's reason is a limit, not a disk without room.
  assert.equal(code, 'STORAGE_FAILED')
  await assertAllRun(database, ids)
})

test('a stop without room for its last checkpoint ends well, and everything acknowledged is in the log', async () => {
  const database = join(temporaryFolder(), 'jobs.db')
  const program = new Program('full-disk-program', [database], {
    command: ['bash', '-c', 'ulimit -S -f 4000; exec "$@"', 'bash'],
  })
  const none = (): void => {
    execFileSync('prlimit', ['--pid', `${program.child.pid}`, '--fsize=8192:unlimited'])
  }
  const { ids } = await fillAndGoOn(program, none, 'stop')
  assert.ok(statSync(`${database}-wal`).size > 0, 'there was nothing left to write')
  await assertAllRun(database, ids)
})

/** Mounting takes a user namespace, which some hosts forbid; there the test above stands for both. */
const mountable = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0

if (mountable)
  test('a disk without room refuses jobs, loses none, and goes on when there is room', async () => {
    const folder = temporaryFolder()
    const small = `mount -t tmpfs -o size=6m none ${folder} && head -c 2000000 /dev/zero > ${folder}/ballast && "$@"; code=$?; exit $code`
    const copy = join(temporaryFolder(), 'jobs.db')
    const program = new Program('full-disk-program', [join(folder, 'jobs.db')], {
      command: [
        'unshare',
        '-rm',
        'bash',
        '-c',
        `${small.replace('"$@"', `"$@" && cp ${folder}/jobs.db ${copy}`)}`,
        'bash',
      ],
    })
    const { code, ids } = await fillAndGoOn(program, () => {
      // The file system is seen by that program only.
      const ballast = `/proc/${childOf(program.child.pid as number)}/root${folder}/ballast`
      writeFileSync(ballast, '')
      rmSync(ballast)
    })
    assert.equal(code, 'STORAGE_FULL')
    await assertAllRun(copy, ids)
  })

/** What a script says that sees a disk of its own, of so many bytes, as `$folder`. */
function onSmallDisk(size: string, folder: string, script: string): { stdout: string; stderr: string } {
  const setting = `mount -t tmpfs -o size=${size} none ${folder} && folder=${folder} && celeriac() { ${process.execPath} ${main} "$@"; }`
  return spawnSync('unshare', ['-rm', 'bash', '-c', `${setting} && ${script}`], { encoding: 'utf8' })
}

if (mountable)
  test('a backup to a disk without room says which file found none, and leaves nothing there', async () => {
    const database = freshDatabase()
    new Store(database, 'full').close()
    const folder = temporaryFolder()
    const script = `{ celeriac backup $folder/copy.db --database ${database}; ls $folder; }`
    const { stdout, stderr } = onSmallDisk('64k', folder, script)
    assert.ok(stderr.includes(`no room to write ${folder}/copy.db (SQLITE_FULL)`), stderr)
    assert.equal(stdout, '')
  })

if (mountable)
  test('of a file that cannot be opened for want of room the doctor says so', async () => {
    const database = freshDatabase()
    new Store(database, 'full').close()
    const script = `cp ${database} $folder/jobs.db && { head -c 9M /dev/zero > $folder/ballast; celeriac doctor --json --database $folder/jobs.db; }`
    const { stdout } = onSmallDisk('1m', temporaryFolder(), script)
    const { findings } = JSON.parse(stdout) as { findings: { check: string; fix: string | null }[] }
    assert.match(findings.find(({ check }) => check === 'file')?.fix ?? '', /^free disk space/)
  })

function childOf(pid: number): string {
  return execFileSync('ps', ['-o', 'pid=', '--ppid', `${pid}`], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)[0] as string
}
