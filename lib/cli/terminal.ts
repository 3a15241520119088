import type { ReadStream } from 'node:tty'
import { styleText } from 'node:util'
import type { Meaning, Painter } from './painter.ts'

const LOOKS: Readonly<Record<Exclude<Meaning, 'plain'>, Parameters<typeof styleText>[0]>> = {
  heading: ['bold', 'dim'],
  good: 'green',
  bad: 'red',
  busy: 'yellow',
  quiet: 'dim',
  strong: 'bold',
}

const PIPE_WIDTH = Number.POSITIVE_INFINITY

/** Data goes to stdout, talk to stderr; colours only where a person looks and has not said no. */
export class Terminal implements Painter {
  readonly input: NodeJS.ReadStream
  readonly output: NodeJS.WriteStream
  readonly error: NodeJS.WriteStream
  readonly env: NodeJS.ProcessEnv
  /** Whether somebody can be asked. */
  readonly interactive: boolean
  #colour: boolean

  constructor(output: NodeJS.WriteStream, error: NodeJS.WriteStream, input: NodeJS.ReadStream, env: NodeJS.ProcessEnv) {
    this.input = input
    this.output = output
    this.error = error
    this.env = env
    this.interactive = (input as Partial<ReadStream>).isTTY === true && error.isTTY === true
    this.#colour = output.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
    for (const stream of [output, error]) {
      // The reader has seen enough, as in `celeriac tasks | head`.
      stream.on('error', (failure: NodeJS.ErrnoException) => process.exit(failure.code === 'EPIPE' ? 0 : 1))
    }
  }

  get colour(): boolean {
    return this.#colour
  }

  withoutColour(): void {
    this.#colour = false
  }

  /** Columns of the screen; without end where there is none. */
  get width(): number {
    return this.output.isTTY ? this.output.columns || 80 : PIPE_WIDTH
  }

  now(): number {
    return Date.now()
  }

  /** A line of data. */
  print(line: string): undefined {
    this.output.write(`${line}\n`)
  }

  /** A line of talk. */
  say(line: string): undefined {
    this.error.write(`${line}\n`)
  }

  paint(meaning: Meaning, text: string): string {
    return this.#colour && text !== '' && meaning !== 'plain'
      ? styleText(LOOKS[meaning], text, { validateStream: false })
      : text
  }

  async flushed(): Promise<void> {
    for (const stream of [this.output, this.error])
      await new Promise<void>((resolve) => stream.write('', () => resolve()))
  }
}
