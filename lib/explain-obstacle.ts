import { formatRate } from './domain/rate.ts'
import type { Obstacle } from './wire/obstacle.ts'

/** In words, what holds a job back; null for nothing. */
export function explainObstacle(obstacle: Obstacle | null): string | null {
  if (obstacle === null) return null
  switch (obstacle.what) {
    case 'paused': {
      const { kind, name, since } = obstacle
      return `its ${kind} "${name}" has been paused since ${new Date(since).toISOString()} — app.control.resume({ ${kind}: '${name}' }) ends that`
    }
    case 'full': {
      const { kind, name, running, limit } = obstacle
      return `waits for its ${kind}: "${name}" runs ${running} jobs and its concurrency is ${limit}`
    }
    case 'rate': {
      const { kind, name, key, rate, until } = obstacle
      const whose = key === null ? '' : ` with the key "${key}"`
      const limit = rate === null ? 'was told to slow down' : `is limited to ${formatRate(rate)}`
      return `waits for its ${kind}: "${name}"${whose} ${limit}, until ${new Date(until).toISOString()}`
    }
    case 'key': {
      const { task, key, limit, holder } = obstacle
      const whose = key === '' ? '' : ` with the key "${key}"`
      return `waits for a place: at most ${limit} jobs of "${task}"${whose} at once${holder === null ? '' : `, and ${holder} is one`}`
    }
  }
}
