import { compiledOnce } from './preload.ts'

/** Kinds of records, each at the number by which the library writes it. */
export const KINDS = ['said', 'write', 'sync', 'truncate', 'unlink', 'link'] as const

/** Bytes of a record before its path and its data: kind, length of the path, length of the data (4 each), place, size or count (8). */
export const HEAD = 20

/**
 * Stands between a program and libc: writes down, in one order, what changes the files of a folder and what the program says
 * on stdout, and lets one of these calls be the last or fail. A sync is written down when it has returned, with how many writes
 * there were when it was called, for a disk promises no more; everything else together with the call itself, so that the
 * order of two threads' records is that of their calls.
 *
 * WATCHED_FOLDER  the folder, with a slash at the end
 * WATCHED_LOG     file for the records; none without
 * WATCHED_DELAY   microseconds that each change of a file waits for, so that whoever speaks too early is heard first
 * WATCHED_SYNC    microseconds that each sync takes longer
 * WATCHED_FAULT   "kind n error": the n-th call of this kind, over all threads, dies (error 0) or fails with this errno
 */
const SOURCE = `
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SAID, WRITE, SYNC, TRUNCATE, UNLINK, LINK };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static int log_fd = -1;
static int fault_kind = -1, fault_errno;
static long fault_left, delay, sync_delay;
static uint64_t writes;

static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_unlink)(const char *);
static int (*real_link)(const char *, const char *);

__attribute__((constructor)) static void prepare(void) {
  real_write = dlsym(RTLD_NEXT, "write");
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_unlink = dlsym(RTLD_NEXT, "unlink");
  real_link = dlsym(RTLD_NEXT, "link");
  const char *log = getenv("WATCHED_LOG"), *fault = getenv("WATCHED_FAULT"), *waits = getenv("WATCHED_DELAY");
  const char *syncs = getenv("WATCHED_SYNC");
  if (waits) delay = atol(waits);
  if (syncs) sync_delay = atol(syncs);
  if (fault) sscanf(fault, "%d %ld %d", &fault_kind, &fault_left, &fault_errno);
  if (log) log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  folder = getenv("WATCHED_FOLDER");
}

static int within(const char *path) {
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int watched(int fd, char *path, size_t size) {
  if (!folder) return 0;
  char link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return within(path);
}

static void note(uint32_t kind, const char *path, const void *data, size_t bytes, uint64_t at) {
  if (log_fd < 0) return;
  if (kind == WRITE) writes++;
  uint32_t head[5] = { kind, strlen(path), bytes };
  memcpy(head + 3, &at, sizeof at);
  struct iovec parts[3] = { { head, sizeof head }, { (void *)path, head[1] }, { (void *)data, bytes } };
  if (writev(log_fd, parts, 3) != (ssize_t)(sizeof head + head[1] + bytes)) abort();
}

/* With the lock held. Whether the call is to fail. */
static int goes_wrong(int kind) {
  if (kind != fault_kind || --fault_left != 0) return 0;
  if (fault_errno == 0) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = fault_errno;
  return 1;
}

#define WATCHING(kind, call, on_record) \\
  if (delay && kind != SAID) usleep(delay); \\
  pthread_mutex_lock(&one_at_a_time); \\
  if (goes_wrong(kind)) { pthread_mutex_unlock(&one_at_a_time); return -1; } \\
  on_record; \\
  int kept_errno; \\
  __typeof__(call) result = call; \\
  kept_errno = errno; \\
  pthread_mutex_unlock(&one_at_a_time); \\
  errno = kept_errno; \\
  return result;

ssize_t write(int fd, const void *data, size_t bytes) {
  if (fd != 1 || log_fd < 0) return real_write(fd, data, bytes);
  WATCHING(SAID, real_write(fd, data, bytes), note(SAID, "", data, bytes, 0))
}

ssize_t pwrite64(int fd, const void *data, size_t bytes, off_t at) {
  char path[4096];
  if (!watched(fd, path, sizeof path)) return real_pwrite(fd, data, bytes, at);
  WATCHING(WRITE, real_pwrite(fd, data, bytes, at), note(WRITE, path, data, bytes, at))
}

ssize_t pwrite(int fd, const void *data, size_t bytes, off_t at) {
  return pwrite64(fd, data, bytes, at);
}

int ftruncate64(int fd, off_t size) {
  char path[4096];
  if (!watched(fd, path, sizeof path)) return real_ftruncate(fd, size);
  WATCHING(TRUNCATE, real_ftruncate(fd, size), note(TRUNCATE, path, "", 0, size))
}

int ftruncate(int fd, off_t size) {
  return ftruncate64(fd, size);
}

int unlink(const char *path) {
  if (!within(path)) return real_unlink(path);
  WATCHING(UNLINK, real_unlink(path), note(UNLINK, path, "", 0, 0))
}

int link(const char *path, const char *second) {
  if (!within(second)) return real_link(path, second);
  WATCHING(LINK, real_link(path, second), note(LINK, path, second, strlen(second), 0))
}

/* The disk may take its time: nobody waits for it but who asked. */
static int syncs(int fd, int (*real)(int)) {
  char path[4096];
  if (!watched(fd, path, sizeof path)) return real(fd);
  pthread_mutex_lock(&one_at_a_time);
  int wrong = goes_wrong(SYNC);
  uint64_t covered = writes;
  pthread_mutex_unlock(&one_at_a_time);
  if (wrong) return -1;
  int result = real(fd), kept_errno = errno;
  if (sync_delay) usleep(sync_delay);
  if (result == 0) {
    pthread_mutex_lock(&one_at_a_time);
    note(SYNC, path, "", 0, covered);
    pthread_mutex_unlock(&one_at_a_time);
  }
  errno = kept_errno;
  return result;
}

int fsync(int fd) {
  return syncs(fd, real_fsync);
}

int fdatasync(int fd) {
  return syncs(fd, real_fdatasync);
}
`

export const watchingLibrary = compiledOnce('watching', SOURCE)

/** Why programs cannot be watched on this machine, or null when they can. */
export function missingWatching(): string | null {
  const library = watchingLibrary()
  return 'missing' in library ? library.missing : null
}
