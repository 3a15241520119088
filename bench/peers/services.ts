import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from './free-port.ts'
import type { Service } from './peer.ts'

export interface Started {
  readonly url: string
  readonly version: string
  readonly child: ChildProcess
}
export type ServiceState = Started | { readonly missing: string }

const READY_WITHIN = 30_000

/** Empties what a trial used, so that the next one does not carry it along. */
export async function clearService(service: Service, url: string, namespace: string): Promise<void> {
  const { hostname, port } = new URL(url)
  if (service === 'postgres') {
    const psql = find('psql')
    const drop = `SET client_min_messages = error; DROP SCHEMA IF EXISTS ${namespace} CASCADE`
    if (psql) execFileSync(psql, ['-q', '-X', url, '-c', drop], { stdio: 'pipe' })
    return
  }
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write('FLUSHALL\r\n'))
    socket.once('data', () => socket.destroy())
    socket.once('error', reject)
    socket.once('close', () => resolve())
  })
}

/** Where a program is: on PATH, or where Debian keeps PostgreSQL's. */
export function find(program: string, folders = searched()): string | null {
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null
}

function searched(): string[] {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : []
  return [...(process.env.PATH ?? '').split(delimiter), ...versions.map((version) => join(debian, version, 'bin'))]
}

/** Starts a service of its own on loopback, with its data in `folder`; the caller ends the process. Never throws. */
export async function startService(service: Service, folder: string): Promise<ServiceState> {
  try {
    mkdirSync(folder, { recursive: true })
    return await (service === 'redis' ? startRedis(folder) : startPostgres(folder))
  } catch (error) {
    return { missing: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error) }
  }
}

async function startRedis(folder: string): Promise<ServiceState> {
  const server = find('redis-server') ?? find('valkey-server')
  if (!server) return { missing: 'no redis-server or valkey-server on PATH' }
  const version = execFileSync(server, ['--version'], { encoding: 'utf8' })
  const port = await freePort()
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const where = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--daemonize', 'no']
  const child = spawn(server, [...where, ...durable, '--maxmemory-policy', 'noeviction'], { stdio: 'ignore' })
  await listening(child, port, 'redis-server')
  return { url: `redis://127.0.0.1:${port}`, version: `Redis ${/v=([\d.]+)/.exec(version)?.[1] ?? 'unknown'}`, child }
}

async function startPostgres(folder: string): Promise<ServiceState> {
  const [initdb, server] = [find('initdb'), find('postgres')]
  if (!initdb || !server) return { missing: 'no initdb and postgres on PATH or in /usr/lib/postgresql' }
  // PostgreSQL refuses to run as root: then it runs as the user that its package made.
  const user = process.getuid?.() === 0 ? accountOf('postgres') : null
  if (process.getuid?.() === 0 && !user)
    return { missing: 'PostgreSQL does not run as root, and there is no user postgres' }
  const data = join(folder, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (user) {
    chownSync(data, user.uid, user.gid)
    chmodSync(folder, 0o711)
  }
  const as = { cwd: data, ...(user ?? {}) }
  execFileSync(initdb, ['-D', data, '-U', 'bench', '-A', 'trust', '-E', 'UTF8', '--locale=C'], { ...as, stdio: 'pipe' })
  const port = await freePort()
  const where = [
    '-D',
    data,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    `unix_socket_directories=${data}`,
  ]
  const settings = ['-c', 'fsync=on', '-c', 'synchronous_commit=on', '-c', 'max_connections=200']
  const child = spawn(server, [...where, ...settings], { ...as, stdio: 'ignore' })
  await listening(child, port, 'postgres')
  const version = execFileSync(server, ['--version'], { encoding: 'utf8' })
  return {
    url: `postgres://bench@127.0.0.1:${port}/postgres`,
    version: `PostgreSQL ${/([\d.]+)/.exec(version)?.[1] ?? 'unknown'}`,
    child,
  }
}

function accountOf(name: string): { uid: number; gid: number } | null {
  try {
    const [uid, gid] = ['-u', '-g'].map((flag) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' })))
    return { uid: uid as number, gid: gid as number }
  } catch {
    return null
  }
}

async function listening(child: ChildProcess, port: number, name: string): Promise<void> {
  let failed: Error | null = null
  child.once('error', (error) => (failed = error))
  const deadline = Date.now() + READY_WITHIN
  for (;;) {
    if (failed) throw failed
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode} at its start`)
    if (await reached(port)) break
    if (Date.now() > deadline) {
      child.kill('SIGKILL')
      throw new Error(`${name} did not listen within ${READY_WITHIN / 1000} s`)
    }
    await sleep(50)
  }
  // It listens a little before it serves.
  await sleep(1_000)
}

const reached = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
