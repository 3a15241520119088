/**
 * Outlives the run that forked it by a moment: once that has ended, however it ended, it ends what the run started and removes
 * its folder, the first argument. Messages name the processes, or as negative numbers their groups.
 */
import { rmSync } from 'node:fs'

export interface Watched {
  readonly pid: number
  readonly alive: boolean
}

const [folder = ''] = process.argv.slice(2)
const started = new Set<number>()

process.on('message', (message) => {
  const { pid, alive } = message as Watched
  if (alive) started.add(pid)
  else started.delete(pid)
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
if (process.connected) process.once('disconnect', clear)
// A run that had nothing to do has ended before this began to listen.
else clear()

function clear(): void {
  // PostgreSQL's fast shutdown, Redis' ordinary one.
  for (const pid of started) end(pid, 'SIGINT')
  setTimeout(() => {
    for (const pid of started) end(pid, 'SIGKILL')
    rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
    process.exit(0)
  }, 1_000)
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // Gone already.
  }
}
