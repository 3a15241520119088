/** What every command has in common: which file is meant, exit codes, colours, pipes. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { Celeriac } from 'celeriac'
import { COMMANDS } from '../../lib/cli/commands.ts'
import { celeriac, main, Running, shop } from '../fixtures/cli/command.ts'
import { freshDatabase, temporaryFolder } from '../fixtures/folder.ts'

const run = promisify(execFile)
const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8')) as {
  version: string
  bin: Record<string, string>
}

/** util-linux's script(1) makes a terminal; why that cannot be tested here, or false. */
const script = await run('script', ['--version']).then(
  () => false as const,
  () => 'script(1) of util-linux is not installed',
)
const ESCAPE = String.fromCharCode(27)

/** A file with some jobs and no live process. */
async function filled(jobs = 3): Promise<string> {
  const database = freshDatabase()
  const app = new Celeriac({ database })
  const task = app.task('wait', (_: number): void => {})
  await task.delayMany(Array.from({ length: jobs }, (_, i): [number] => [i]))
  await app.stop()
  return database
}

test('the package installs the command', async () => {
  const path = join(import.meta.dirname, '../../..', manifest.bin.celeriac as string)
  assert.match(readFileSync(path, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  assert.equal((await new Running(['--version']).ended()).stdout, `${manifest.version}\n`)
})

test('help of all and of each command goes to stdout and is no failure', async () => {
  const { code, stdout } = await celeriac('--help')
  assert.equal(code, 0)
  for (const { name, summary } of COMMANDS) assert.ok(stdout.replace(/\s+/g, ' ').includes(summary), name)
  const one = await celeriac('tasks', '--help')
  assert.equal(one.code, 0)
  assert.match(one.stdout, /--since <time>/)
})

describe('wrong use ends with 2', () => {
  const wrong: [args: string[], message: RegExp][] = [
    [['stauts'], /unknown command 'stauts'\n\(Did you mean status\?\)/],
    [['status', '--databse', 'x'], /unknown option '--databse'\n\(Did you mean --database\?\)/],
    [['inspect'], /missing required argument 'what'/],
    [['inspect', 'everything'], /Allowed choices are active, /],
    [['result'], /missing required argument 'id'/],
    [['status', 'more'], /too many arguments/],
    [['tasks', '--limit', '0', '--database', 'x.db'], /--limit is 0 — allowed: a whole number from 1 to 100000/],
    [['tasks', 'state:lost', '--database', 'x.db'], /has the state "LOST", which is none of/],
    [['result', 'x', '--timeout', 'soon', '--database', 'x.db'], /--timeout: 'soon' is not a duration/],
  ]
  for (const [args, message] of wrong) {
    test(args.join(' '), async () => {
      const { code, stdout, stderr } = await celeriac(...args)
      assert.deepEqual([code, stdout], [2, ''])
      assert.match(stderr, message)
    })
  }

  test('as the exit code of the process', async () => {
    assert.equal((await new Running(['stauts']).ended()).code, 2)
  })
})

describe('the file that is meant', () => {
  test('celeriac.db of the working directory, unless one is named', async () => {
    const database = await filled()
    const cwd = temporaryFolder()
    const none = await run(process.execPath, [main, 'status'], { cwd }).catch((error) => error)
    assert.equal(none.code, 2)
    assert.match(none.stderr, /which file\? give -A .* or --database/)
    const db = new Database(database)
    db.exec(`VACUUM INTO '${join(cwd, 'celeriac.db')}'`)
    db.close()
    const { stdout } = await run(process.execPath, [main, 'tasks', '--json'], { cwd })
    assert.equal((JSON.parse(stdout) as object[]).length, 3)
  })

  test('CELERIAC_DATABASE and CELERIAC_APP name it too', async () => {
    const database = await filled()
    const byFile = await new Running(['tasks', '--json'], { CELERIAC_DATABASE: database }).ended()
    const byApp = await new Running(['tasks', '--json'], { CELERIAC_APP: shop, DATABASE: database }).ended()
    assert.equal((JSON.parse(byFile.stdout) as object[]).length, 3)
    assert.equal(byApp.stdout, byFile.stdout)
  })

  test('options stand before or after the command', async () => {
    const database = await filled()
    const before = await celeriac('--database', database, '--json', 'tasks')
    const after = await celeriac('tasks', '--json', '--database', database)
    assert.deepEqual([before.code, before.stdout], [0, after.stdout])
  })

  test('one that does not exist is not made', async () => {
    const path = join(temporaryFolder(), 'typo.db')
    for (const args of [['status'], ['tasks'], ['call', 'add', '1'], ['explain', 'x'], ['schedules', 'pause', 'x']]) {
      const { code, stdout, stderr } = await celeriac(...args, '--database', path)
      assert.deepEqual([code, stdout], [1, ''], args[0])
      assert.match(stderr, new RegExp(`there is no file ${path} .*DATABASE_UNAVAILABLE`))
    }
    await assert.rejects(run('ls', [path]))
  })

  test('one of another program is refused and left alone', async () => {
    const folder = temporaryFolder()
    const text = join(folder, 'notes.txt')
    writeFileSync(text, 'no database at all, but long enough to look like one\n'.repeat(50))
    const foreign = join(folder, 'foreign.db')
    const db = new Database(foreign)
    db.exec('CREATE TABLE users (id INTEGER PRIMARY KEY)')
    db.close()
    for (const path of [text, foreign]) {
      const bytes = readFileSync(path)
      for (const args of [['status'], ['call', 'add', '1'], ['schedules', 'pause', 'x']]) {
        const { code, stderr } = await celeriac(...args, '--database', path)
        assert.equal(code, 1)
        assert.match(stderr, /DATABASE_FOREIGN/)
      }
      assert.deepEqual(readFileSync(path), bytes)
    }
  })

  test('one of a newer version is refused', async () => {
    const database = await filled()
    const db = new Database(database)
    db.exec("UPDATE celeriac_meta SET value = 999 WHERE key = 'schema_version'")
    db.close()
    for (const args of [['status'], ['call', 'add', '1']]) {
      const { code, stderr } = await celeriac(...args, '--database', database)
      assert.equal(code, 1)
      assert.match(stderr, /DATABASE_TOO_NEW/)
    }
  })

  test('a locked one ends with 75; what only looks does not wait for a writer', async () => {
    const database = await filled()
    const db = new Database(database)
    db.exec('BEGIN IMMEDIATE')
    assert.equal((await celeriac('tasks', '--database', database)).code, 0)
    db.exec('ROLLBACK')
    db.close()
    const owner = new Database(database)
    owner.pragma('locking_mode = EXCLUSIVE')
    owner.exec('BEGIN EXCLUSIVE; COMMIT')
    const { code, stderr } = await celeriac('tasks', '--database', database)
    owner.close()
    assert.equal(code, 75)
    assert.match(stderr, /DATABASE_LOCKED/)
  })
})

describe('-A', () => {
  const folder = temporaryFolder()
  const library = JSON.stringify(new URL('../../lib/index.js', import.meta.url).href)
  const module = (name: string, body: string): string => {
    const path = join(folder, name)
    writeFileSync(
      path,
      `import { Celeriac } from ${library}\nconst database = ${JSON.stringify(join(folder, 'app.db'))}\n${body}`,
    )
    return path
  }
  before(async () => {
    const app = new Celeriac({ database: join(folder, 'app.db') })
    await app.inspect.ping()
    await app.stop()
  })

  test('finds the app under any name, once', async () => {
    const path = module(
      'one.mjs',
      'export const shop = new Celeriac({ database })\nexport default shop\nexport const other = 5\n',
    )
    assert.equal((await celeriac('tasks', '-A', path)).code, 0)
    assert.equal((await celeriac('tasks', '-A', `${path}:shop`)).code, 0)
  })

  test('says what is wrong where there is none, or several', async () => {
    const none = module('none.mjs', 'export const app = 5\n')
    const two = module(
      'two.mjs',
      'export const a = new Celeriac({ database })\nexport const b = new Celeriac({ database })\n',
    )
    const bad = module('bad.mjs', "throw new Error('boom')\n")
    const cases: [given: string, message: RegExp][] = [
      [join(folder, 'nowhere.mjs'), /there is no file .*nowhere\.mjs — name the compiled module \(APP_NOT_FOUND\)/],
      [none, /exports no Celeriac app — write: export const app = new Celeriac\(…\) \(APP_NOT_FOUND\)/],
      [two, /exports several apps — name one: -A .*two\.mjs:a, -A .*two\.mjs:b \(APP_AMBIGUOUS\)/],
      [`${two}:c`, /the export "c" is no Celeriac app — name one: /],
      [bad, /the module failed: Error: boom\n/],
    ]
    for (const [given, message] of cases) {
      const { code, stdout, stderr } = await celeriac('status', '-A', given)
      assert.deepEqual([code, stdout], [1, ''])
      assert.match(stderr, message)
    }
    assert.equal((await celeriac('tasks', '-A', `${two}:b`)).code, 0)
  })

  test('ends though the module keeps the process alive', async () => {
    const path = module('alive.mjs', 'export const app = new Celeriac({ database })\nsetInterval(() => {}, 1000)\n')
    assert.equal((await new Running(['tasks', '-A', path]).ended()).code, 0)
  })
})

describe('pipes and colours', () => {
  test('a reader that has seen enough is no failure', async () => {
    // More than a pipe takes at once.
    const database = await filled(1_000)
    const child = spawn(
      'sh',
      ['-c', `${process.execPath} ${main} tasks -n 1000 --database ${database} | head -n 1; echo "\${PIPESTATUS}"`],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    let said = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
    await once(child, 'close')
    assert.match(said, /^ID +TASK/)
    assert.doesNotMatch(said, /EPIPE|Error/)
  })

  test('data on stdout, talk on stderr', async () => {
    const database = await filled()
    const { stdout, stderr } = await celeriac('tasks', '-n', '1', '--database', database)
    assert.equal(stdout.trim().split('\n').length, 2)
    assert.match(stderr, /^there may be more: --limit 10\n$/)
  })

  test('colours on a screen only, and not where they are not wanted', { skip: script }, async () => {
    const database = await filled()
    const onScreen = async (args: string, env: Record<string, string> = {}): Promise<string> => {
      const { NO_COLOR: _, ...inherited } = process.env
      const line = `${process.execPath} ${main} tasks --database ${database} ${args}`
      const { stdout } = await run('script', ['-qec', line, '/dev/null'], {
        env: { ...inherited, TERM: 'xterm', ...env },
      })
      return stdout
    }
    assert.ok((await onScreen('')).includes(ESCAPE))
    assert.ok(!(await onScreen('--no-color')).includes(ESCAPE))
    assert.ok(!(await onScreen('', { NO_COLOR: '1' })).includes(ESCAPE))
    assert.ok(!(await onScreen('', { TERM: 'dumb' })).includes(ESCAPE))
    // A screen of 80 columns is not written over.
    for (const line of (await onScreen('--no-color', { COLUMNS: '80' })).split('\r\n'))
      assert.ok(line.length <= 80, line)
  })
})
