import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const TIME_LIMIT = 600_000

export type Installed = { readonly versions: readonly string[] } | { readonly missing: string }

/** Runs npm with arguments in a folder. */
export type RunNpm = (folder: string, args: readonly string[]) => Promise<{ ok: boolean; output: string }>

/** Runs npm as a group of processes, since it may compile, and tells of its start and end. */
export const npmWatched =
  (watch: (group: number, alive: boolean) => void): RunNpm =>
  (folder, args) =>
    new Promise((resolve) => {
      const env = { ...process.env, NO_UPDATE_NOTIFIER: '1' }
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

/**
 * Installs packages into `folder` with npm and the user's own configuration, refusing what does not support this Node.
 * Never throws: a peer that cannot be had is a line in the report.
 */
export async function install(folder: string, packages: readonly string[], npm: RunNpm): Promise<Installed> {
  if (packages.length === 0) return { versions: [] }
  if (!existsSync(join(folder, 'package.json')))
    writeFileSync(join(folder, 'package.json'), '{ "name": "peers", "private": true }\n')
  const options = ['--no-fund', '--no-audit', '--engine-strict', '--loglevel=error']
  const { ok, output } = await npm(folder, ['install', ...options, ...packages])
  if (!ok) return { missing: reasonOf(output) }
  const absent = packages.filter((name) => !existsSync(join(folder, 'node_modules', name, 'package.json')))
  if (absent.length > 0) return { missing: `npm said nothing, but ${absent.join(', ')} is not there` }
  return { versions: packages.map((name) => `${name} ${versionIn(folder, name)}`) }
}

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
