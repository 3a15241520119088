import { existsSync } from 'node:fs'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { LibraryBundled } from '../errors.ts'

/** Flags that say how modules are loaded, and that a thread may be given; the second ones take a value. */
const ALONE = ['--enable-source-maps', '--no-warnings', '--preserve-symlinks', '--experimental-strip-types']
const VALUED = ['--import', '--require', '-r', '--loader', '--experimental-loader', '--conditions', '-C']

/**
 * What a thread of the library's own runs: a file, which whatever joins the library with other code leaves behind.
 * @throws LibraryBundled
 */
export function threadProgram(name: 'engine' | 'reading' | 'care'): URL {
  // Without a URL in a CommonJS bundle.
  const program = import.meta.url && new URL(`../${name}/main.js`, import.meta.url)
  if (program && existsSync(program)) return program
  throw new LibraryBundled(
    `the program of Celeriac's ${name} thread is not at ${program || 'any path'}: a bundler has joined the library with other code — keep "celeriac" out of the bundle (esbuild: --packages=external; webpack: externals; Next.js: serverExternalPackages)`,
  )
}

/** Starts a thread of the library's own, whatever the process was started with. */
export function startThread(entry: URL, options: WorkerOptions): Worker {
  return new Worker(entry, { ...options, ...threadArgv(process.execArgv) })
}

/**
 * What to start a thread with besides. Nothing, so that it inherits the flags of the process, unless one of them is
 * `--input-type`: that is meant for a program given as text, and Node refuses to run a file in a thread that inherits it.
 */
function threadArgv(given: readonly string[]): { execArgv?: string[] } {
  if (!given.some((flag) => flag === '--input-type' || flag.startsWith('--input-type='))) return {}
  const execArgv: string[] = []
  for (let i = 0; i < given.length; i++) {
    const flag = given[i] as string
    if (ALONE.includes(flag) || VALUED.some((name) => flag.startsWith(`${name}=`))) execArgv.push(flag)
    else if (VALUED.includes(flag) && i + 1 < given.length) execArgv.push(flag, given[++i] as string)
    // Its value is a text that may look like a flag.
    else if (['--eval', '-e', '--print', '-p', '-pe'].includes(flag)) i++
  }
  return { execArgv }
}
