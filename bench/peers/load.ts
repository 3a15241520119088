import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * Imports a package as a module in `folder` would: by its ESM entry, from the folder's own node_modules. Typed by the
 * caller, since the packages are not there when this is compiled.
 */
export async function load<T>(folder: string, name: string): Promise<T> {
  const loader = join(folder, 'load.mjs')
  if (!existsSync(loader)) writeFileSync(loader, 'export const load = (name) => import(name)\n')
  const module = (await import(pathToFileURL(loader).href)) as { load(name: string): Promise<unknown> }
  return (await module.load(name)) as T
}
