import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Celeriac } from '../celeriac.ts'
import { AppAmbiguous, AppNotFound } from '../errors.ts'

/**
 * Imports a module and finds the app that it exports.
 * @param given path of the module, or `path:export`
 * @throws AppNotFound, AppAmbiguous
 */
export async function findApp(given: string): Promise<Celeriac> {
  const [path, wanted] = parts(given)
  if (!existsSync(path)) throw new AppNotFound(`-A ${given}: there is no file ${path} — name the compiled module`)
  let exported: Record<string, unknown>
  try {
    exported = (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    throw new AppNotFound(`-A ${given}: the module failed: ${error instanceof Error ? error.stack : String(error)}`, {
      cause: error,
    })
  }
  if (wanted !== null) {
    const app = exported[wanted]
    if (isApp(app)) return app
    throw new AppNotFound(`-A ${given}: the export "${wanted}" is no Celeriac app — ${appsIn(exported, path)}`)
  }
  const apps = new Set(Object.values(exported).filter(isApp))
  const [app] = apps
  if (!app) {
    throw new AppNotFound(`-A ${given}: ${path} exports no Celeriac app — write: export const app = new Celeriac(…)`)
  }
  if (apps.size > 1) throw new AppAmbiguous(`-A ${given}: ${path} exports several apps — ${appsIn(exported, path)}`)
  return app
}

/** `tasks.js:app` names an export, as in Celery; a path may hold a colon of its own. */
function parts(given: string): [path: string, wanted: string | null] {
  const colon = given.lastIndexOf(':')
  const named =
    colon > 0 && !existsSync(resolve(given)) && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(given.slice(colon + 1))
  return named ? [resolve(given.slice(0, colon)), given.slice(colon + 1)] : [resolve(given), null]
}

/** By its name: the application may have another copy of the library than this command. */
function isApp(value: unknown): value is Celeriac {
  return (
    typeof value === 'object' &&
    value !== null &&
    value.constructor?.name === 'Celeriac' &&
    typeof (value as Partial<Celeriac>).start === 'function'
  )
}

function appsIn(exported: Record<string, unknown>, path: string): string {
  const names = Object.keys(exported).filter((name) => isApp(exported[name]))
  if (names.length === 0) return 'it exports none'
  return `name one: ${names.map((name) => `-A ${path}:${name}`).join(', ')}`
}
