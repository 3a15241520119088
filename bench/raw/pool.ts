import { fileURLToPath } from 'node:url'
import { Piscina } from 'piscina'

/** "Raw piscina": the same functions through `pool.run()`, piscina's defaults, nothing stored. */
export function rawPool(threads: number): Piscina {
  const filename = fileURLToPath(new URL('../functions.js', import.meta.url))
  return new Piscina({ filename, minThreads: threads, maxThreads: threads })
}
