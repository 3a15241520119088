import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Preload = { readonly preload: string } | { readonly missing: string }

/** Compiles a library for `LD_PRELOAD` into a folder. */
export function compilePreload(folder: string, name: string, source: string): Preload {
  if (process.platform !== 'linux') return { missing: `LD_PRELOAD needs Linux, this is ${process.platform}` }
  const [file, library] = [join(folder, `${name}.c`), join(folder, `${name}.so`)]
  writeFileSync(file, source)
  for (const compiler of ['cc', 'gcc', 'clang']) {
    const { error, status, stderr } = spawnSync(compiler, ['-shared', '-fPIC', '-O1', '-o', library, file, '-ldl'])
    if (error) continue
    return status === 0 ? { preload: library } : { missing: `${compiler} failed: ${stderr.toString().trim()}` }
  }
  return { missing: `no C compiler (cc, gcc, clang) to build ${name} with` }
}

/** Compiles it at its first use; it is removed when this process ends. */
export function compiledOnce(name: string, source: string): () => Preload {
  let compiled: Preload | undefined
  return () => {
    if (compiled) return compiled
    const folder = mkdtempSync(join(tmpdir(), `celeriac-${name}-`))
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    compiled = compilePreload(folder, name, source)
    return compiled
  }
}
