/** Compiled against the packed declarations by `packed.ts`, in a project without any types but Node's. */
import { type AsyncResult, Celeriac, currentTask } from 'celeriac'

export const app = new Celeriac({ name: 'consumer', tasks: import.meta.url })

export const add = app.task('add', (x: number, y: number) => x + y)
export const greet = app.task('greet', { queue: 'mail', retry: 3 }, async (name: string) => {
  return `${currentTask().attempt}: hello ${name}`
})

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
