/**
 * Tries to break what is promised: `npm run torture`, or some suites of it: `npm run torture -- power-cut last-call`.
 *
 *   --size short|nightly|release   how much of it; default short
 *   --share 0.1                    that part of the size only; default 1
 *   --seed N                       repeats the choices of an earlier run
 *   --json                         one JSON document instead of the table
 *   --planted                      tests the suites: lets each look for the bugs that are planted for it
 *
 * Exit code: 0 when every suite ran and found nothing, 1 when one found something, 2 for a wrong option, 3 when a suite
 * could not run here. With --planted: 0 when every bug was found, 1 when one was not.
 */
import { parseArgs } from 'node:util'
import { seeded } from '../crash/random.ts'
import { describeHunt, type Hunted, hunt, PLANTED } from './planted.ts'
import { SIZES, type Size, type Suite, type SuiteReport } from './suite.ts'
import { SUITES } from './suites.ts'

type Line = { suite: string; seconds: number } & ({ missing: string } | SuiteReport | { failed: string })

function usage(problem: string): never {
  console.error(`${problem}\nSuites: ${SUITES.map(({ name }) => name).join(', ')}. Sizes: ${SIZES.join(', ')}.`)
  process.exit(2)
}

interface Options {
  suites: Suite[]
  size: Size
  share: number
  seed: number
  json: boolean
  planted: boolean
}

function optionsOf(args: string[]): Options {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    return usage((error as Error).message)
  }
  const { values, positionals } = parsed
  const unknown = positionals.find((name) => !SUITES.some((suite) => suite.name === name))
  if (unknown !== undefined) usage(`There is no suite "${unknown}".`)
  if (!SIZES.includes(values.size as Size)) usage(`There is no size "${values.size}".`)
  if (!(Number(values.share) > 0)) usage(`The share "${values.share}" is no number above 0.`)
  if (values.seed !== undefined && !/^\d+$/.test(values.seed)) usage(`The seed "${values.seed}" is no whole number.`)
  return {
    suites: positionals.length === 0 ? [...SUITES] : SUITES.filter(({ name }) => positionals.includes(name)),
    size: values.size as Size,
    share: Number(values.share),
    seed: values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed),
    json: values.json,
    planted: values.planted,
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      size: { type: 'string', default: 'short' },
      share: { type: 'string', default: '1' },
      seed: { type: 'string' },
      json: { type: 'boolean', default: false },
      planted: { type: 'boolean', default: false },
    },
  })
}

async function runSuite(suite: Suite, size: Size, share: number, seed: number): Promise<Line> {
  const missing = suite.missing()
  if (missing !== null) return { suite: suite.name, seconds: 0, missing }
  const began = performance.now()
  let shownAt = began
  const progress = (done: number, of: number): void => {
    if (performance.now() - shownAt < 1_000) return
    shownAt = performance.now()
    process.stderr.write(`${suite.name}: ${done} of ${of}\n`)
  }
  const seconds = (): number => Math.round((performance.now() - began) / 100) / 10
  try {
    const report = await suite.run({ size, share, random: seeded(seed), progress })
    return { suite: suite.name, seconds: seconds(), ...report }
  } catch (error) {
    return { suite: suite.name, seconds: seconds(), failed: String((error as Error).stack ?? error) }
  }
}

function describe(line: Line): string {
  if ('missing' in line) return `${line.suite}: NOT RUN, ${line.missing}`
  if ('failed' in line) return `${line.suite}: FAILED\n${line.failed}`
  const notes = Object.entries(line.notes).map(([what, value]) => `${what}: ${value}`)
  const head = `${line.suite}: ${line.cases} cases in ${line.seconds} s, ${line.violations.length} violations`
  return [`${head}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`, ...line.violations.slice(0, 20)].join('\n  ')
}

async function tryToBreak({ suites, size, share, seed, json }: Options): Promise<void> {
  const lines: Line[] = []
  for (const suite of suites) {
    process.stderr.write(`${suite.name}: ${suite.what}\n`)
    const line = await runSuite(suite, size, share, seed)
    lines.push(line)
    if (!json) console.log(describe(line))
  }
  if (json) console.log(JSON.stringify({ size, seed, suites: lines }, null, 2))
  const found = lines.some((line) => 'failed' in line || ('violations' in line && line.violations.length > 0))
  if (found) process.exitCode = 1
  else if (lines.some((line) => 'missing' in line)) process.exitCode = 3
}

async function testTheSuites({ suites, seed, json }: Options): Promise<void> {
  const bugs = PLANTED.filter(({ suite }) => suites.some(({ name }) => name === suite))
  const lines: Hunted[] = []
  for (const bug of bugs) {
    const line = await hunt(bug, seed)
    lines.push(line)
    if (!json) console.log(describeHunt(line))
  }
  const caught = lines.filter(({ found }) => found !== null).length
  const missing = lines.filter((line) => line.missing !== undefined).length
  if (json) console.log(JSON.stringify({ seed, bugs: lines }, null, 2))
  else
    console.log(
      `${caught} of ${lines.length} planted bugs were found${missing > 0 ? `, ${missing} not looked for` : ''}.`,
    )
  if (caught + missing < lines.length) process.exitCode = 1
  else if (missing > 0) process.exitCode = 3
}

const options = optionsOf(process.argv.slice(2))
const { size, seed, planted } = options
process.stderr.write(
  `${planted ? 'planted bugs' : `size ${size}`}, seed ${seed} (--seed ${seed} repeats its choices)\n`,
)
await (planted ? testTheSuites(options) : tryToBreak(options))
