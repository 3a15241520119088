/** CPU microseconds of this process, all threads, that `work` took. Waiting for the disk, or for a core, is not in it. */
export async function cpuOf(work: () => unknown): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return user + system
}
