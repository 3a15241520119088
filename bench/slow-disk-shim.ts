import { compilePreload, type Preload } from '../test/torture/watched/preload.ts'

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

/** Compiles the library that delays `fsync` and `fdatasync` in a process that is started with it in `LD_PRELOAD`. */
export const compileSlowDisk = (folder: string): Preload => compilePreload(folder, 'slow-disk', SOURCE)
