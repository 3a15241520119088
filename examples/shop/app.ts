/** The shop's Celeriac application. Its jobs live in the shop's own database file. */
import { join, resolve } from 'node:path'
import { Celeriac } from 'celeriac'

/** Where the shop keeps what it makes: `shop.db` and `reports/`. */
export const shopFolder = resolve(process.env.SHOP_DIR ?? 'var')
export const databaseFile = join(shopFolder, 'shop.db')
export const reportsFolder = join(shopFolder, 'reports')

export const app = new Celeriac({
  name: 'shop',
  database: databaseFile,
  tasks: new URL('./tasks.js', import.meta.url),
  timezone: 'Europe/Madrid',
  queues: { mail: { concurrency: 1 } },
})
