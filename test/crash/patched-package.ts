/** Copies of the built library with a change in them, so that bugs can be planted without the library knowing of it. */
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Package, REAL_PACKAGE } from './children.ts'

/** One change of a compiled module, before the modules are joined into chunks. */
export interface Patch {
  /** Path under `dist/modules`. */
  file: string
  /** Text that stands in the file exactly once. */
  find: string
  put: string
}

const made = new Set<string>()

/** A package folder like the real one, with the patches applied; it resolves its own name to itself. */
export function patchedPackage(patches: readonly Patch[]): Package {
  const root = mkdtempSync(join(tmpdir(), 'celeriac-patched-'))
  made.add(root)
  cpSync(join(REAL_PACKAGE.root, 'package.json'), join(root, 'package.json'))
  symlinkSync(realpathSync(join(REAL_PACKAGE.root, 'node_modules')), join(root, 'node_modules'), 'dir')
  for (const folder of ['dist/modules', 'dist/test/crash', 'dist/test/torture', 'dist/test/fixtures']) {
    cpSync(join(REAL_PACKAGE.root, folder), join(root, folder), {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts)$/.test(path),
    })
  }
  symlinkSync('modules', join(root, 'dist/lib'), 'dir')
  for (const patch of patches) {
    const path = join(root, 'dist/modules', patch.file)
    writeFileSync(path, patched(readFileSync(path, 'utf8'), patch))
  }
  return { root }
}

/** @throws when the text does not stand in `source` exactly once */
export function patched(source: string, { file, find, put }: Patch): string {
  const [before, after, ...more] = source.split(find)
  if (after === undefined || more.length > 0) {
    throw new Error(
      `dist/modules/${file} has this text ${more.length === 0 ? 'nowhere' : `${more.length + 1} times`}, and a planted bug needs it once: ${find}`,
    )
  }
  return before + put + after
}

export function removePatchedPackage({ root }: Package): void {
  made.delete(root)
  rmSync(root, { recursive: true, force: true })
}

export function removePatchedPackages(): void {
  for (const root of made) removePatchedPackage({ root })
}
