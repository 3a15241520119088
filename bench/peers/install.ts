import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const TIME_LIMIT = 600_000

export type Installed = { readonly versions: readonly string[] } | { readonly missing: string }

/** Runs npm with arguments in a folder, with more in its environment. */
export type RunNpm = (
  folder: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
) => Promise<{ ok: boolean; output: string }>

/** Runs npm as a group of processes, since it may compile, and tells of its start and end. */
export const npmWatched =
  (watch: (group: number, alive: boolean) => void): RunNpm =>
  (folder, args, more = {}) =>
    new Promise((resolve) => {
      const env = { ...process.env, NO_UPDATE_NOTIFIER: '1', ...more }
      const npm = spawn('npm', args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
      const group = npm.pid === undefined ? null : -npm.pid
      if (group !== null) watch(group, true)
      let output = ''
      const listen = (chunk: Buffer) => {
        output += chunk.toString()
      }
      npm.stdout.on('data', listen)
      npm.stderr.on('data', listen)
      const timer = setTimeout(() => {
        output = `not done after ${TIME_LIMIT / 1000} s\n${output}`
        if (group !== null) process.kill(group, 'SIGKILL')
      }, TIME_LIMIT)
      npm.once('error', (error) => {
        clearTimeout(timer)
        resolve({ ok: false, output: error.message })
      })
      npm.once('close', (code) => {
        clearTimeout(timer)
        if (group !== null) watch(group, false)
        resolve({ ok: code === 0, output })
      })
    })

const OPTIONS = ['--no-fund', '--no-audit', '--engine-strict', '--loglevel=error']
/** Written once all is there, so that a folder that is kept for the next run is known to be whole. */
const DONE = 'installed.json'

/**
 * Installs packages into `folder` with npm and the user's own configuration, refusing what does not support the Node that runs them;
 * what an earlier run installed there is taken as it is. Never throws: a peer that cannot be had is a line in the report.
 */
export async function install(
  folder: string,
  packages: readonly string[],
  npm: RunNpm,
  { node, overrides = {} }: { node?: NodeOfPeer | null; overrides?: Readonly<Record<string, string>> } = {},
): Promise<Installed> {
  if (packages.length === 0) return { versions: [] }
  const done = join(folder, DONE)
  const wanted = JSON.stringify({ packages, overrides })
  if (!existsSync(done) || readFileSync(done, 'utf8') !== wanted) {
    // npm would remove what a package installed for itself when it ran here before.
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true })
    prepareFolder(folder, overrides)
    const { ok, output } = await npm(folder, ['install', ...OPTIONS, ...packages], node?.env)
    if (!ok) return { missing: reasonOf(output) }
    const absent = packages
      .map(nameOf)
      .filter((name) => !existsSync(join(folder, 'node_modules', name, 'package.json')))
    if (absent.length > 0) return { missing: `npm said nothing, but ${absent.join(', ')} is not there` }
    writeFileSync(done, wanted)
  }
  return { versions: packages.map(nameOf).map((name) => `${name} ${versionIn(folder, name)}`) }
}

/** A Node for a peer that does not run on this one. */
export interface NodeOfPeer {
  readonly path: string
  readonly version: string
  /** Makes npm and what it compiles use it. */
  readonly env: Readonly<Record<string, string>>
}

/** Installs a release line of Node, from the registry as well, unless this process is at least that new. */
export async function installNode(
  folder: string,
  major: number,
  npm: RunNpm,
): Promise<NodeOfPeer | null | { readonly missing: string }> {
  if (Number(process.versions.node.split('.')[0]) >= major) return null
  const installed = await install(folder, [`node@${major}`], npm)
  if ('missing' in installed) return installed
  const bin = join(folder, 'node_modules', 'node', 'bin')
  if (!existsSync(join(bin, 'node'))) return { missing: `the package node@${major} has no binary for this machine` }
  const headers = [join(folder, 'node_modules', 'node', 'node_modules'), join(folder, 'node_modules')]
    .filter((place) => existsSync(place))
    .flatMap((place) => readdirSync(place).map((name) => join(place, name)))
    .find((place) => existsSync(join(place, 'include', 'node', 'node.h')))
  return {
    path: join(bin, 'node'),
    version: `Node ${versionIn(folder, 'node')}`,
    env: {
      PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
      ...(headers === undefined ? {} : { npm_config_nodedir: headers }),
    },
  }
}

function prepareFolder(folder: string, overrides: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, 'package.json')
  // npm 12 runs no script of a package that is not named here: these make binaries.
  const allowScripts = { 'better-sqlite3': true, node: true, 'msgpackr-extract': true }
  writeFileSync(file, JSON.stringify({ name: 'peers', private: true, allowScripts, overrides }))
}

/** Of `name`, `name@version`, `@scope/name@version`. */
const nameOf = (wanted: string): string => wanted.replace(/(?<=.)@.*$/, '')

const versionIn = (folder: string, name: string): string =>
  (JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')) as { version: string }).version

/** The lines in which npm says what is wrong, without where it keeps its logs or which registry it asked. */
export function reasonOf(output: string): string {
  const lines = output
    .split('\n')
    .map((line) => line.replace(/^npm (error|ERR!)\s*/, '').trim())
    .filter(
      (line) => line !== '' && !/^npm warn|^code |complete log|_logs|^In most cases|^or one of|^404 Note/i.test(line),
    )
    .map((line) => line.replace(/https?:\/\/\S+/g, 'the registry'))
  return lines.slice(0, 3).join('; ').slice(0, 300) || 'npm failed and did not say why'
}
