import { pathToFileURL } from 'node:url'

/** The text of the module of job classes, which has to lie beside the packages: it extends one of theirs. */
export const jobsModule = (work: string): string => `
import { Job } from 'sidequest'
import { run } from ${JSON.stringify(pathToFileURL(work).href)}
export class Work extends Job {
  async run(call) { return await run(call.task, call.argument) }
}
`
