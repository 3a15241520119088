import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

/** What each folder of lib/ may import besides itself. The files directly in lib/ are `.`; errors and task signals belong to everyone. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  wire: ['domain'],
  options: ['domain', 'wire'],
  store: ['domain', 'wire'],
  pool: ['wire'],
  worker: ['domain', 'wire', 'store'],
  client: ['wire'],
  engine: ['domain', 'wire', 'store', 'pool'],
  reading: ['wire', 'store'],
  care: ['wire', 'store'],
  // A leaf: what a command needs of the file comes through the reader, never from the store. It serves the dashboard.
  cli: ['domain', 'options', 'wire', '.', 'dashboard'],
  '.': ['domain', 'wire', 'options', 'client', 'worker', 'store', 'reading', 'care'],
  // A leaf: of the top, the index only (see below).
  dashboard: ['domain', 'options', '.'],
  metrics: ['.'],
  otel: ['.'],
}
const SHARED = new Set(['errors.ts', 'task-signals.ts'])

/** The only place that each package, and the only file of store/ that the top of lib/, may be imported from. */
const ONE_IMPORTER: Readonly<Record<string, RegExp>> = {
  commander: /^cli\/program\.ts$/,
  'cli-table3': /^cli\/output\/table\.ts$/,
  'better-sqlite3': /^store\/driver\.ts$/,
  piscina: /^pool\/pool\.ts$/,
  'cron-parser': /^domain\/cron\.ts$/,
  '@opentelemetry/api': /^otel\/index\.ts$/,
  hono: /^dashboard\/(server|stream|html)\.ts$/,
  '@hono/node-server': /^dashboard\/node-listener\.ts$/,
  cronstrue: /^dashboard\/schedule-words\.ts$/,
  uplot: /^dashboard\/client\/chart\.ts$/,
}
const STORE_FROM_TOP = 'store/caller-connection.ts'
const STORE_FROM_WORKER = 'store/task-transaction.ts'

const DASHBOARD_SERVED = /^cli\/commands\/dashboard\.ts → dashboard\/index\.ts$/

interface Import {
  from: string
  to: string
  typeOnly: boolean
  /** Loaded at its first use only. */
  late: boolean
}

const root = join(dirname(fileURLToPath(import.meta.url)), '../../lib')
const files = (readdirSync(root, { recursive: true }) as string[]).filter((file) => file.endsWith('.ts'))
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

function importsOf(file: string): Import[] {
  const source = sources.get(file) as string
  const found: Import[] = []
  const pattern =
    /(?:^|\n)\s*(import|export)\s+(type\s+)?[^'"\n;]*?(?:\{[^}]*\}[^'"\n;]*?)?from\s+['"]([^'"]+)['"]|\b(?:import|require)\(\s*['"]([^'"]+)['"]/g
  for (const match of source.matchAll(pattern)) {
    const to = match[3] ?? match[4]
    if (to) found.push({ from: file, to, typeOnly: match[2] !== undefined, late: match[4] !== undefined })
  }
  return found
}

const isRelative = (to: string): boolean => to.startsWith('.')
const target = ({ from, to }: Import): string => posix.normalize(posix.join(posix.dirname(from), to))
const folderOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] as string) : '.')
const imports = files.flatMap(importsOf)

describe('architecture', () => {
  it('reads the sources', () => {
    assert.ok(files.length > 50, `${files.length} files`)
    assert.ok(imports.length > 200, `${imports.length} imports`)
  })

  it('imports run one way', () => {
    const wrong = imports
      .filter((i) => isRelative(i.to) && !SHARED.has(target(i)))
      .filter((i) => folderOf(i.from) !== folderOf(target(i)) && !SHARED.has(i.from))
      .filter((i) => !MAY_IMPORT[folderOf(i.from)]?.includes(folderOf(target(i))))
      .map((i) => `${i.from} → ${target(i)}`)
    assert.deepEqual(wrong, [])
  })

  it('reaches the store from the application thread only to join its transaction', () => {
    const wrong = imports
      .filter((i) => folderOf(i.from) === '.' && isRelative(i.to) && folderOf(target(i)) === 'store')
      .map(target)
    assert.deepEqual([...new Set(wrong)], [STORE_FROM_TOP])
  })

  it("reaches the store from a pool thread only for a task's own transaction", () => {
    const reached = imports
      .filter((i) => folderOf(i.from) === 'worker' && isRelative(i.to) && folderOf(target(i)) === 'store')
      .map(target)
    assert.deepEqual([...new Set(reached)], [STORE_FROM_WORKER])
  })

  it('lets leaves know the index alone, and nobody know the leaves, but for the command that serves the dashboard', () => {
    const leaves = new Set(['dashboard', 'metrics', 'otel'])
    const wrong = imports
      .filter((i) => isRelative(i.to) && !SHARED.has(target(i)) && folderOf(i.from) !== folderOf(target(i)))
      .filter((i) => leaves.has(folderOf(target(i))) || (leaves.has(folderOf(i.from)) && folderOf(target(i)) === '.'))
      .filter((i) => target(i) !== 'index.ts' && !DASHBOARD_SERVED.test(`${i.from} → ${target(i)}`))
      .map((i) => `${i.from} → ${target(i)}`)
    assert.deepEqual(wrong, [])
  })

  it('has no import cycles, type imports included', () => {
    const edges = new Map<string, string[]>()
    for (const i of imports) if (isRelative(i.to)) edges.set(i.from, [...(edges.get(i.from) ?? []), target(i)])
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]): void => {
      assert.ok(!path.includes(file), `cycle: ${[...path.slice(path.indexOf(file)), file].join(' → ')}`)
      if (done.has(file)) return
      for (const next of edges.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    assert.equal(done.size, files.length)
  })

  it('loads no more than it needs where a thread begins', () => {
    const loadedBy = (entry: string): Set<string> => {
      const loaded = new Set<string>()
      const load = (file: string): void => {
        if (loaded.has(file)) return
        loaded.add(file)
        for (const i of imports)
          if (i.from === file && !i.typeOnly && !i.late && !i.to.startsWith('node:'))
            load(isRelative(i.to) ? target(i) : i.to)
      }
      load(entry)
      return loaded
    }
    // Each of these is loaded whole before the thread does anything.
    const most = { 'index.ts': 93, 'engine/main.ts': 8, 'worker/serve.ts': 53 }
    for (const [entry, limit] of Object.entries(most)) {
      const loaded = loadedBy(entry)
      assert.ok(loaded.size > 3 && loaded.size <= limit, `${entry} loads ${loaded.size} modules`)
      assert.deepEqual(
        [...loaded].filter((module) => !sources.has(module)),
        [],
        `packages that ${entry} loads before they are needed`,
      )
    }
  })

  it('counts what waits in the reader thread only, where it holds nobody up', () => {
    const importersOf = (file: string): string[] =>
      imports.filter((i) => isRelative(i.to) && target(i) === file).map(({ from }) => from)
    assert.deepEqual(importersOf('store/counts.ts'), ['store/reading/parts.ts'])
    assert.deepEqual([...new Set(importersOf('store/reading/parts.ts'))], ['store/reading.ts'])
    assert.ok(
      !imports.some((i) => isRelative(i.to) && folderOf(i.from) === 'engine' && target(i) === 'store/reading.ts'),
    )
  })

  it('imports each package in one place', () => {
    const packages = new Map<string, Set<string>>()
    for (const { from, to } of imports) {
      if (isRelative(to) || to.startsWith('node:')) continue
      const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] as string)
      packages.set(name, (packages.get(name) ?? new Set()).add(from))
    }
    assert.deepEqual([...packages.keys()].sort(), Object.keys(ONE_IMPORTER).sort())
    for (const [name, importers] of packages) {
      assert.deepEqual(
        [...importers].filter((file) => !ONE_IMPORTER[name]?.test(file)),
        [],
        name,
      )
    }
  })

  it('keeps SQL in store/', () => {
    const sql =
      /\b(SELECT\s+[\w*]|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+(TABLE|INDEX)|PRAGMA\s+\w+|BEGIN\s+IMMEDIATE)/
    const wrong = [...sources].filter(
      ([file, source]) => folderOf(file) !== 'store' && sql.test(withoutComments(source)),
    )
    assert.deepEqual(
      wrong.map(([file]) => file),
      [],
    )
  })

  it('begins no deferred transaction', () => {
    for (const [file, source] of sources) {
      for (const match of withoutComments(source).matchAll(/\.transaction\((?:[^()]|\([^()]*\))*\)\s*(\S*)/g)) {
        assert.match(match[1] ?? '', /^\.immediate\(/, `${file}: ${match[0]}`)
      }
      assert.doesNotMatch(withoutComments(source), /['"`]BEGIN(?! (IMMEDIATE|EXCLUSIVE))/, file)
    }
  })

  it('never opens the database files with fs', () => {
    // The WAL holds no locks, unlike the database and its index.
    const allowed = new Set([
      'store/open.ts',
      'store/wal-file.ts',
      'wire/begun-file.ts',
      'cli/version.ts',
      'dashboard/assets.ts',
    ])
    assert.match(sources.get('store/wal-file.ts') ?? '', /openSync\(`\$\{[^`]*\}-wal`, 'r\+'\)/)
    const opening = /\b(openSync|readFileSync|createReadStream|copyFileSync|fs\.open|promises\.open|readFile)\b/
    const wrong = [...sources].filter(([file, source]) => !allowed.has(file) && opening.test(withoutComments(source)))
    assert.deepEqual(
      wrong.map(([file]) => file),
      [],
    )
  })

  it('reads the clock in few places', () => {
    const allowed =
      /^(engine\/clock|care\/main|worker\/|celeriac|cli\/terminal|otel\/index|control|main-tasks|dashboard\/(dashboard|client\/)|inspect|reader|task-factory|schedules|client\/|store\/open|domain\/cron-oracle)/
    const wrong = [...sources].filter(
      ([file, source]) => !allowed.test(file) && /Date\.now\(\)|new Date\(\)/.test(withoutComments(source)),
    )
    assert.deepEqual(
      wrong.map(([file]) => file),
      [],
    )
  })

  it('words lines for the logger in one place', () => {
    const wrong = [...sources].filter(([, source]) =>
      /logger(\.(debug|info|warn|error)\(|\[)/i.test(withoutComments(source)),
    )
    assert.deepEqual(
      wrong.map(([file]) => file),
      ['log-lines.ts'],
    )
  })

  it('has no drawers, and no file too long to be one thing', () => {
    for (const [file, source] of sources) {
      assert.doesNotMatch(file, /(^|\/)(utils?|helpers?|common|types|interfaces|manager|misc)\.ts$/)
      assert.ok(source.split('\n').length <= 400, `${file} has ${source.split('\n').length} lines`)
    }
  })
})

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1')
}
