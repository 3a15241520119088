import type { HopOrders } from './calls.ts'
import type { CrashRun } from './children.ts'

/**
 * Starts a process again whenever it dies, as a supervisor does, until one has worked off everything and
 * stopped. The first one gets the orders. Gives up after `enough` deaths.
 * Returns how often a process died.
 */
export async function supervise(run: CrashRun, orders: HopOrders, enough = 12): Promise<number> {
  let child = run.start('hop', { ...orders, untilIdle: true })
  for (let deaths = 0; deaths < enough; deaths++) {
    const { code } = await child.ended
    if (code === 0) return deaths
    if (code !== null) throw new Error(`process ${child.pid} ended with ${code}: ${child.output}`)
    // A job may have meant to end its thread alone.
    run.log.write({ what: 'kill', victim: child.pid })
    child = run.start('hop', { consume: true, untilIdle: true })
  }
  await child.kill()
  return enough
}
