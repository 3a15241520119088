import type Database from 'better-sqlite3'
import { DriverMismatch } from '../errors.ts'

export type Connection = Database.Database
export type Statement = Database.Statement
export type DatabaseClass = typeof Database

/** `import` would load what wraps modules for it in every thread, of which most open no file. */
const requirer = (): NodeJS.Require => process.getBuiltinModule('node:module').createRequire(import.meta.url)

let loaded: DatabaseClass | null = null

/**
 * Loads better-sqlite3 once its version is known to run on this Node: version 13 needs Node-API 10 and ends Node 20 and
 * 22.0–22.13 with SIGSEGV, which no error handler can catch.
 * @throws DriverMismatch
 */
export function loadDriver(): DatabaseClass {
  if (loaded) return loaded
  const require = requirer()
  const version = driverVersion()
  assertDriverFits(version, process.versions.napi, process.version)
  try {
    const driver = require('better-sqlite3') as DatabaseClass
    // Its native half is loaded with the first connection.
    new driver(':memory:').close()
    loaded = driver
  } catch (error) {
    throw new DriverMismatch(
      `better-sqlite3 ${version} does not load on Node ${process.version} (${said(error)}) — run "npm rebuild better-sqlite3" by this Node, with install scripts allowed`,
      { cause: error },
    )
  }
  return loaded
}

/** Without the list of all places where it was looked for. */
const said = (error: unknown): string => (error as Error).message.replace(/ Tried:.*$/s, '').replaceAll('\n', ' ')

/** Makes one of a thing for each connection, when it is first asked for. */
export function perConnection<T>(make: (db: Connection) => T): (db: Connection) => T {
  const made = new WeakMap<Connection, T>()
  return (db) => {
    let one = made.get(db)
    if (one === undefined) {
      one = make(db)
      made.set(db, one)
    }
    return one
  }
}

export function driverVersion(): string {
  const require = requirer()
  return (require('better-sqlite3/package.json') as { version: string }).version
}

export function assertDriverFits(version: string, napi: string | undefined, node: string): void {
  if (Number.parseInt(version, 10) >= 13 && Number(napi ?? 0) < 10) {
    throw new DriverMismatch(
      `better-sqlite3 ${version} needs Node-API 10 and Node ${node} has ${napi ?? 'none'} — use Node 22.14 or newer, or install better-sqlite3@12`,
    )
  }
}
