import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Celeriac } from '../celeriac.ts'
import { DatabaseUnavailable } from '../errors.ts'
import type { Reader } from '../reader.ts'
import { wrongUse } from './exit.ts'

const DEFAULT_FILE = 'celeriac.db'

/** The file that a command line means: an app's, or one named by its path. Opens only what a command asks for. */
export class Opening {
  readonly #module: string | undefined
  readonly #file: string | undefined
  readonly #redacts: boolean
  #app: Promise<Celeriac> | null = null
  #producer: Promise<Celeriac> | null = null
  #reader: Promise<Reader> | null = null

  /** @param redacts whether what is to be masked is masked */
  constructor(module: string | undefined, file: string | undefined, redacts: boolean) {
    this.#module = module
    this.#file = file
    this.#redacts = redacts
  }

  /** Whether the app itself is at hand, so that its tasks are known. */
  get hasApp(): boolean {
    return this.#module !== undefined
  }

  /** The app, imported. @throws AppNotFound, AppAmbiguous */
  app(): Promise<Celeriac> {
    if (this.#module === undefined) wrongUse('this needs the app: give -A ./dist/tasks.js')
    const module = this.#module
    this.#app ??= import('./find-app.ts').then(({ findApp }) => findApp(module))
    return this.#app
  }

  /** Path of the database file. */
  async path(): Promise<string> {
    if (this.#module !== undefined) return (await this.app()).database
    const file = resolve(this.#file ?? DEFAULT_FILE)
    if (this.#file === undefined && !existsSync(file))
      wrongUse(`which file? give -A ./dist/tasks.js or --database var/celeriac.db — there is no ${DEFAULT_FILE} here`)
    return file
  }

  /** Path of the database file, which must be there. */
  async existing(): Promise<string> {
    const path = await this.path()
    assertThere(path)
    return path
  }

  /** Reads the file, which must exist; nothing is imported but what `-A` names. */
  reader(): Promise<Reader> {
    this.#reader ??= this.existing().then(async (path) => {
      const { Reader } = await import('../reader.ts')
      if (!this.#redacts) return Reader.open(path, { redact: false })
      // The app may mask more by now than when it last started on the file.
      return Reader.open(path, { redact: this.#module === undefined ? [] : (await this.app()).redact })
    })
    return this.#reader
  }

  /** An app on the file that changes it: the app itself, or one without tasks. A file that is only named must exist. */
  producer(): Promise<Celeriac> {
    this.#producer ??= this.#makeProducer()
    return this.#producer
  }

  async close(): Promise<void> {
    const reader = await this.#reader?.catch(() => null)
    await reader?.close()
    for (const opened of new Set(await Promise.all([this.#app?.catch(() => null), this.#producer?.catch(() => null)])))
      await opened?.stop()
  }

  async #makeProducer(): Promise<Celeriac> {
    if (this.#module !== undefined) return this.app()
    const path = await this.existing()
    // A foreign or newer file is refused before an engine is started on it.
    await (await this.reader()).file()
    const { Celeriac } = await import('../celeriac.ts')
    return new Celeriac({ name: 'celeriac-cli', database: path })
  }
}

function assertThere(path: string): void {
  if (!existsSync(path))
    throw new DatabaseUnavailable(`there is no file ${path} — check the path, or start the app once`)
}
