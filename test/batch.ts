/** Several test files in one process, for the price of one start: each is a suite that bears the file's name. */
import { rmSync, writeFileSync } from 'node:fs'
import { after, before, describe } from 'node:test'
import { pathToFileURL } from 'node:url'

export interface TestFile {
  name: string
  path: string
}

/** `begun` names the file that is being run, for whoever finds the process hung or dead. */
export function runBatch(files: readonly TestFile[], begun: string, timeout: number): void {
  for (const { name, path } of files) {
    describe(name, { timeout }, async () => {
      before(() => writeFileSync(begun, name))
      after(() => rmSync(begun, { force: true }))
      await import(pathToFileURL(path).href)
    })
  }
}
