import { Celeriac } from 'celeriac'
import { valueOfSeed } from './anything.ts'

const quiet = (): void => {}

export const app = new Celeriac({
  name: 'bad-input',
  database: process.env.BAD_INPUT_DATABASE ?? 'bad-input.db',
  tasks: import.meta.url,
  concurrency: 2,
  durability: 'normal',
  logger: { debug: quiet, info: quiet, warn: quiet, error: quiet },
})
export const echo = app.task('echo', (value: unknown) => value)
export const echoV8 = app.task('echo-v8', { codec: 'v8' }, (value: unknown) => value)
export const returns = app.task('returns', (seed: number) => valueOfSeed(seed))
export const returnsV8 = app.task('returns-v8', { codec: 'v8' }, (seed: number) => valueOfSeed(seed))
export const throws = app.task('throws', (seed: number) => {
  throw valueOfSeed(seed)
})
export const rejects = app.task('rejects', async (seed: number) => {
  await null
  throw valueOfSeed(seed)
})
