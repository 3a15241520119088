import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const SLOW_FSYNC_MS = 20

const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>

static void wait_for_slow_disk(void) {
  struct timespec t = { 0, ${SLOW_FSYNC_MS} * 1000000L };
  nanosleep(&t, 0);
}

int fsync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  wait_for_slow_disk();
  return real(fd);
}

int fdatasync(int fd) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  wait_for_slow_disk();
  return real(fd);
}
`

export type Shim = { readonly preload: string } | { readonly missing: string }

/** Compiles the library that delays `fsync` and `fdatasync` in a process that is started with it in `LD_PRELOAD`. */
export function compileSlowDisk(dir: string): Shim {
  if (process.platform !== 'linux') return { missing: `LD_PRELOAD needs Linux, this is ${process.platform}` }
  const [source, library] = [join(dir, 'slow-disk.c'), join(dir, 'slow-disk.so')]
  writeFileSync(source, SOURCE)
  for (const compiler of ['cc', 'gcc', 'clang']) {
    const { error, status, stderr } = spawnSync(compiler, ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'])
    if (error) continue
    return status === 0 ? { preload: library } : { missing: `${compiler} failed: ${stderr.toString().trim()}` }
  }
  return { missing: 'no C compiler (cc, gcc, clang) to build the fsync delay with' }
}
