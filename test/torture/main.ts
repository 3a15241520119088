/** Tries to break what is promised: `npm run torture -- --help`. */
import { seeded } from '../crash/random.ts'
import { type Options, optionsOf, USAGE } from './options.ts'
import { describeHunt, type Hunted, hunt, PLANTED } from './planted.ts'
import type { Suite } from './suite.ts'
import { describe, describeTotal, type Line, totalOf } from './summary.ts'

const began = performance.now()
const secondsSince = (then: number): number => Math.round((performance.now() - then) / 100) / 10

async function runSuite(suite: Suite, { size, share, seconds: asked, seed }: Options): Promise<Line> {
  const missing = suite.missing()
  if (missing !== null) return { suite: suite.name, seconds: 0, missing }
  const began = performance.now()
  let shownAt = began
  const progress = (done: number, of: number): void => {
    if (performance.now() - shownAt < 1_000) return
    shownAt = performance.now()
    process.stderr.write(`${suite.name}: ${done} of ${of}\n`)
  }
  const seconds = (): number => secondsSince(began)
  try {
    const report = await suite.run({ size, share, seconds: asked, random: seeded(seed), progress })
    return { suite: suite.name, seconds: seconds(), ...report }
  } catch (error) {
    return { suite: suite.name, seconds: seconds(), failed: String((error as Error).stack ?? error) }
  }
}

async function tryToBreak(options: Options): Promise<void> {
  const { suites, size, share, seed, json } = options
  const lines: Line[] = []
  for (const suite of suites) {
    process.stderr.write(`${suite.name}: ${suite.what}\n`)
    const line = await runSuite(suite, options)
    lines.push(line)
    if (!json) console.log(describe(line))
  }
  const total = totalOf(lines, secondsSince(began))
  if (json) console.log(JSON.stringify({ size, share, seed, suites: lines, total }, null, 2))
  else console.log(describeTotal(lines, total, options))
  if (total.failed + total.violations > 0) process.exitCode = 1
  else if (total.missing > 0) process.exitCode = 3
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
  if (json) console.log(JSON.stringify({ seed, bugs: lines, seconds: secondsSince(began) }, null, 2))
  else
    console.log(
      `In all: ${caught} of ${lines.length} planted bugs were found${missing > 0 ? `, ${missing} not looked for` : ''}; seed ${seed}, ${secondsSince(began)} s.`,
    )
  if (caught + missing < lines.length) process.exitCode = 1
  else if (missing > 0) process.exitCode = 3
}

const options = read(process.argv.slice(2))
const { size, share, seed, planted, help } = options
if (help) {
  console.log(USAGE)
} else {
  process.stderr.write(
    `${planted ? 'planted bugs' : `size ${size}${share === 1 ? '' : `, ${share} of it`}`}, seed ${seed} (--seed ${seed} repeats its choices)\n`,
  )
  await (planted ? testTheSuites(options) : tryToBreak(options))
}

function read(args: string[]): Options {
  try {
    return optionsOf(args)
  } catch (error) {
    console.error(`${(error as Error).message} --help tells more.`)
    process.exit(2)
  }
}
