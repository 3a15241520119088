import type { SingleCallOptions } from '../../options/call-options.ts'
import type { Task } from '../../task.ts'
import type { Call } from '../command.ts'
import { wrongUse } from '../exit.ts'
import { duration, wholeNumber } from '../numbers.ts'
import { toJson } from '../output/json.ts'
import { safe } from '../output/text.ts'
import { recorded } from '../recorded.ts'
import { patience, untilEnded } from '../waiting.ts'

type Loose = Task<(...args: unknown[]) => unknown>

export async function run(call: Call): Promise<number | undefined> {
  const { terminal, opening, json, options } = call
  const name = call.args[0] as string
  const args = argumentsOf(call.args.slice(1), options.args)
  const settings = settingsOf(options)
  const longest = patience(options.timeout)
  const task = await taskOf(call, name)
  const store = () => task.applyAsync(args, settings)
  const { id, duplicate } = await recorded(await opening.producer(), 'call', name, store, (made) =>
    made.duplicate ? `there already: ${made.id}` : made.id,
  )
  if (!options.wait) {
    terminal.print(json ? toJson({ id, task: name, duplicate }, 2) : id)
    if (duplicate && !json) terminal.say('a job of this id was stored before; nothing was added')
    return
  }
  if (!json) terminal.say(`job ${id}`)
  const reader = await opening.reader()
  if (!(await reader.workers()).some(({ alive, role }) => alive && role !== 'beat'))
    terminal.say('no process consumes this file; it waits for one')
  const { printOutcome } = await import('../output/outcome.ts')
  return printOutcome(await untilEnded(reader, id, longest), json, false, terminal)
}

/** The app's own task; from a file alone, one with default options. */
async function taskOf({ opening, terminal }: Call, name: string): Promise<Loose> {
  const app = await opening.producer()
  if (opening.hasApp) {
    const task = app.tasks.get(name)
    if (task) return task as Loose
    wrongUse(`the app declares no task "${safe(name)}" — declared: ${[...app.tasks.keys()].join(', ') || 'none'}`)
  }
  const workers = await (await opening.reader()).workers()
  if (!workers.some(({ alive, tasks }) => alive && tasks.includes(name)))
    terminal.say(`no live process declares a task "${safe(name)}"; it is stored with default options all the same`)
  return app.task(name, (..._args: unknown[]): unknown => undefined)
}

function argumentsOf(words: readonly string[], given: unknown): unknown[] {
  if (given === undefined) return words.map(jsonOrText)
  if (words.length > 0) wrongUse('give the arguments one by one or as --args, not both')
  let args: unknown
  try {
    args = JSON.parse(String(given))
  } catch (error) {
    wrongUse(`--args is no JSON: ${(error as Error).message}`)
  }
  if (!Array.isArray(args))
    wrongUse(`--args is ${String(given)} — allowed: a JSON array, one element for each parameter`)
  return args
}

function jsonOrText(word: string): unknown {
  try {
    return JSON.parse(word)
  } catch {
    return word
  }
}

function settingsOf(options: Readonly<Record<string, unknown>>): SingleCallOptions {
  const settings: SingleCallOptions = {}
  const durations = ['countdown', 'expires'] as const
  for (const key of durations) if (options[key] !== undefined) settings[key] = duration(options[key])
  if (options.eta !== undefined) settings.eta = dateOf(options.eta)
  if (options.queue !== undefined) settings.queue = String(options.queue)
  if (options.taskId !== undefined) settings.taskId = String(options.taskId)
  if (options.priority !== undefined) settings.priority = wholeNumber(options.priority, '--priority', 0, 0, 9)
  if (options.retry !== undefined) settings.retry = wholeNumber(options.retry, '--retry', 0, 0, 1_000_000)
  if (options.tag !== undefined) settings.tags = options.tag as string[]
  if (options.header !== undefined) settings.headers = headersOf(options.header as string[])
  return settings
}

function dateOf(value: unknown): Date {
  const date = new Date(String(value))
  if (Number.isNaN(date.getTime())) wrongUse(`--eta is ${String(value)} — allowed: a date such as 2026-01-31T06:00Z`)
  return date
}

function headersOf(pairs: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) wrongUse(`--header is ${pair} — allowed: name=value`)
      return [pair.slice(0, at), pair.slice(at + 1)]
    }),
  )
}
