/** What `npm run torture` is asked for. */
import { parseArgs } from 'node:util'
import { SIZES, type Size, type Suite } from './suite.ts'
import { SUITES } from './suites.ts'

export const USAGE = `Tries to break what is promised: npm run torture, or some suites of it: npm run torture -- power-cut last-call

  --size ${SIZES.join('|')}   how much of it; default short: all suites together take three minutes on two idle cores, any one
                                 less than two; nightly takes 8 hours for soak and about as long for the others
  --share 0.1                    that part of the size only; default 1
  --seconds 28800                how long soak works, whatever the size; 10 at least
  --seed N                       repeats the choices of an earlier run
  --json                         one JSON document instead of the table
  --planted                      tests the suites: lets each look for the bugs that are planted for it
  --help                         this text

Suites: ${SUITES.map(({ name }) => name).join(', ')}.

Exit code: 0 when every suite ran and found nothing, 1 when one found something, 2 for a wrong option, 3 when a suite
could not run here. With --planted: 0 when every bug was found, 1 when one was not.`

export interface Options {
  suites: Suite[]
  size: Size
  share: number
  /** Of soak; the size decides without it. */
  seconds: number | null
  seed: number
  json: boolean
  planted: boolean
  help: boolean
}

/** @throws with what is wrong, and what is allowed */
export function optionsOf(args: string[]): Options {
  const { values, positionals } = parse(args)
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown !== undefined)
    throw new Error(`There is no suite "${unknown}". Suites: ${SUITES.map(({ name }) => name).join(', ')}.`)
  const suites = positionals.length === 0 ? [...SUITES] : SUITES.filter(({ name }) => positionals.includes(name))
  if (!SIZES.includes(values.size as Size))
    throw new Error(`There is no size "${values.size}". Sizes: ${SIZES.join(', ')}.`)
  if (!(Number(values.share) > 0)) throw new Error(`The share "${values.share}" is no number above 0.`)
  if (values.seed !== undefined && !/^\d+$/.test(values.seed))
    throw new Error(`The seed "${values.seed}" is no whole number.`)
  const seconds = values.seconds === undefined ? null : Number(values.seconds)
  if (seconds !== null && !(seconds >= 10 && seconds < Number.POSITIVE_INFINITY))
    throw new Error(`The seconds "${values.seconds}" are no number from 10: less tells nothing.`)
  if (seconds !== null && !suites.some(({ name }) => name === 'soak'))
    throw new Error('--seconds is for soak, which was not asked for.')
  return {
    suites,
    size: values.size as Size,
    share: Number(values.share),
    seconds,
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed),
    json: values.json,
    planted: values.planted,
    help: values.help,
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      size: { type: 'string', default: 'short' },
      share: { type: 'string', default: '1' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      planted: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
}
