import { readFileSync, statfsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { arch, cpus, platform, release } from 'node:os'
import Database from 'better-sqlite3'

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly system: string
  readonly node: string
  readonly betterSqlite3: string
  readonly sqlite: string
  readonly piscina: string
  /** Of the folder that the databases are made in. */
  readonly fileSystem: string
}

/** Of `statfs`. */
const MAGIC: ReadonlyMap<number, string> = new Map([
  [0xef53, 'ext4'],
  [0x58465342, 'xfs'],
  [0x9123683e, 'btrfs'],
  [0x2fc12fc1, 'zfs'],
  [0x01021994, 'tmpfs'],
  [0x794c7630, 'overlay'],
  [0x6969, 'nfs'],
  [0x01021997, '9p'],
  [0x1a, 'apfs'],
])

const require = createRequire(import.meta.url)

function versionOf(name: string): string {
  const entry = require.resolve(name)
  const folder = entry.slice(0, entry.lastIndexOf(`node_modules/${name}/`) + `node_modules/${name}/`.length)
  return (JSON.parse(readFileSync(`${folder}package.json`, 'utf8')) as { version: string }).version
}

export function machine(folder: string): Machine {
  const db = new Database(':memory:')
  const sqlite = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? 'unknown'
  db.close()
  const { type } = statfsSync(folder)
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    betterSqlite3: versionOf('better-sqlite3'),
    sqlite,
    piscina: versionOf('piscina'),
    fileSystem: MAGIC.get(type) ?? `type 0x${type.toString(16)}`,
  }
}

export const describeMachine = (m: Machine): string =>
  [
    `${m.cpu}, ${m.cores} cores, ${m.system}, ${m.fileSystem}`,
    `Node ${m.node}, better-sqlite3 ${m.betterSqlite3} (SQLite ${m.sqlite}), piscina ${m.piscina}`,
    ...(m.fileSystem === 'tmpfs'
      ? ['This is memory, not a disk: syncing costs nothing here. Choose another with --dir.']
      : []),
  ].join('\n')
