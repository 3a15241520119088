/**
 * What piscina loads in a pool thread: CommonJS, because piscina tries `require()` first. Where Node requires ES modules
 * synchronously, a thread that is ended in the middle of that takes the whole process with it ("IsGraphAsync must be
 * used on an instantiated module"); one that is ended while it imports does not.
 */
const loading = import('./serve.ts')

module.exports = async (opening: unknown): Promise<void> => {
  const { default: serve } = await loading
  await serve(opening as Parameters<typeof serve>[0])
}
