/*
 * Joins the compiled modules of lib/ into a few chunks. Node's loader takes half a millisecond a module in each thread, which
 * a program pays in three threads before its first job runs: 250 modules were a quarter of that time.
 *
 * Every module can still be imported from its own path, which then gives what the chunk exports: tests hold the very code
 * that is shipped. dist/modules keeps the modules as they were compiled, for the bugs that the torture suite plants in them.
 *
 * Chunks lie one folder deep, as most modules do: what a module finds by its own URL, it names from the folder above
 * (`../reading/main.js`), which is right from both.
 */
import { cpSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const compiled = join(import.meta.dirname, 'dist/lib')
const modules = join(import.meta.dirname, 'dist/modules')
const BROWSER = 'dashboard/client'
cpSync(compiled, modules, { recursive: true, filter: (path) => !path.endsWith('.d.ts') })

/** What is loaded at one time, by its entries; modules that the same of these need are one chunk, which has their names. */
const LOADED = {
  app: ['index'],
  thread: ['worker/serve'],
  boot: ['engine/main'],
  pool: ['pool/pool'],
  engine: ['engine/engine'],
  reader: ['store/reading', 'reading/main'],
  care: ['care/main'],
  dashboard: ['dashboard/index'],
}

/** Does its work when it is imported, so it cannot be in one chunk with what others import. */
const PROGRAM = /[\\/]main\.js$/

const neededBy = new Map()

function readNeeds(graph) {
  for (const [name, entries] of Object.entries(LOADED)) {
    const needed = entries.map((entry) => join(modules, `${entry}.js`))
    for (const module of needed) {
      for (const next of graph.getModuleInfo(module)?.importedIds ?? []) if (!needed.includes(next)) needed.push(next)
    }
    for (const module of needed) neededBy.set(module, [...(neededBy.get(module) ?? []), name])
  }
}

function chunkOf(module, graph) {
  if (neededBy.size === 0) readNeeds(graph)
  if (PROGRAM.test(module)) return null
  const names = neededBy.get(module)
  if (!names) return null
  const is = (name) => names.includes(name)
  // Whoever needs what two of the main ones share gets all of that: a little code too much costs less than a file more.
  const shared = is('engine') && (is('app') || is('thread'))
  const also = [is('app') && 'dashboard', ...(shared ? ['pool', 'reader', 'care'] : [])]
  return names.filter((name) => !also.includes(name)).join('-')
}

const inputs = readdirSync(modules, { recursive: true })
  .filter((file) => file.endsWith('.js') && !file.startsWith(BROWSER))
  .map((file) => [file.slice(0, -'.js'.length), join(modules, file)])

const bundle = await rolldown({
  input: Object.fromEntries(inputs),
  platform: 'node',
  // Packages, and what piscina requires.
  external: [/^[^./]/, /\.cjs$/],
  preserveEntrySignatures: 'allow-extension',
  // The compiler has done what they ask for.
  tsconfig: false,
  transform: { target: 'esnext' },
})
await bundle.write({
  dir: compiled,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name].js',
  codeSplitting: { includeDependenciesRecursively: false, groups: [{ debugName: 'needed together', name: chunkOf }] },
  // Read by the flame graphs; not shipped, so no chunk names its own.
  sourcemap: 'hidden',
})
await bundle.close()
