/** Compiled against the packed declarations by `packed.ts`, in a project without any types but Node's. */
import { createServer } from 'node:http'
import { type AsyncResult, Celeriac, currentTask } from 'celeriac'
import { createDashboard } from 'celeriac/dashboard'

export const app = new Celeriac({ name: 'consumer', tasks: import.meta.url })

export const add = app.task('add', (x: number, y: number) => x + y)
export const greet = app.task('greet', { queue: 'mail', retry: 3 }, async (name: string) => {
  return `${currentTask().attempt}: hello ${name}`
})

const admin = createDashboard(app, { basePath: '/admin', auth: (request) => request.headers.has('cookie') && 'viewer' })
export const server = createServer(admin.node)
// @ts-expect-error no such option
createDashboard(app, { readonly: true })

export async function calls(): Promise<string> {
  const sum: AsyncResult<number> = await add.delay(2, 3)
  const five: number = await sum.get({ timeout: '10s' })
  const plain: number = add(2, 3)
  const hello: string = await (await greet.applyAsync(['Ada'], { countdown: '1s', priority: 9 })).get()
  // @ts-expect-error the first argument is a number
  await add.delay('2', 3)
  // @ts-expect-error there are two arguments
  await add.delay(2)
  return `${five} ${plain} ${hello}`
}
