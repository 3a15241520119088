/**
 * `npm run bench -- --help` tells what may be asked for. Exit code 1 when a case failed its own checks, with `--strict` also when
 * a target was missed, and with `--gate` when something became slower.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { CASES, caseNamed } from './cases/index.ts'
import { flame } from './flame/flame.ts'
import { BASELINE, gate } from './gate/gate.ts'
import { describeMachine, machine } from './machine.ts'
import { type CaseReport, runCase } from './runner.ts'
import { legend, table } from './table.ts'

const HELP = `npm run bench -- [options]

  --only CASE[,CASE]   these only; may be given again
  --repeat N           repetitions of each trial; each case has a default of its own
  --quick              small sizes: a smoke test, not a measurement
  --json               for programs
  --strict             exit code 1 also when a target was missed
  --dir FOLDER         where the databases lie; the system's temporary folder
  --flame FILE.svg     draws where each thread of one case spends its time
  --gate [--update]    CPU time a job, compared with the committed baseline, or taken as the new one
  --baseline FILE      the gate's

Cases:
${CASES.map(({ name, what }) => `  ${name.padEnd(18)} ${what}`).join('\n')}`

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    repeat: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
    flame: { type: 'string' },
    gate: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    baseline: { type: 'string', default: BASELINE },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit()
}
const repetitions = values.repeat === undefined ? null : Number(values.repeat)
if (repetitions !== null && !(Number.isInteger(repetitions) && repetitions > 0))
  throw new Error(`--repeat is '${values.repeat}', not a whole number above 0`)
if (values.update && !values.gate) throw new Error('--update writes the baseline of the gate: give --gate with it')

const only = values.only?.flatMap((names) => names.split(',')) ?? null
const root = mkdtempSync(join(values.dir, 'celeriac-bench-'))
const clean = () => rmSync(root, { recursive: true, force: true })
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
process.once('exit', clean)

const facts = machine(root)
const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

if (values.gate) await runGate()
else if (values.flame !== undefined) await drawFlame(values.flame)
else await runCases()

async function runGate(): Promise<void> {
  const { text, lines, ok } = await gate({
    ...{ root, machine: facts, only, repetitions, progress },
    baseline: resolve(values.baseline),
    update: values.update,
  })
  progress('')
  console.log(values.json ? JSON.stringify({ ok, lines }, null, 2) : text)
  process.exitCode = ok ? 0 : 1
}

async function drawFlame(path: string): Promise<void> {
  const [name, ...others] = only ?? []
  if (name === undefined || others.length > 0) throw new Error('--flame draws one case: name it with --only')
  const lines = await flame(caseNamed(name), resolve(path), { root, quick: values.quick })
  console.log([...lines, `Written to ${path}.`].join('\n'))
}

async function runCases(): Promise<void> {
  const cases = only?.map(caseNamed) ?? CASES
  if (!values.json)
    console.log(`${describeMachine(facts)}\n${values.quick ? 'Quick: a smoke test, not a measurement.\n' : ''}`)
  const reports: CaseReport[] = []
  for (const benchCase of cases) {
    reports.push(await runCase(benchCase, { quick: values.quick, repetitions, root, progress }))
  }
  progress('')

  if (values.json) console.log(JSON.stringify({ machine: facts, quick: values.quick, cases: reports }, null, 2))
  else console.log(`${table(reports)}\n\n${legend(cases)}`)

  const failed = reports.some((report) => report.status === 'failed')
  const missed = reports.some((report) => report.figures.some((figure) => figure.ok === false))
  process.exitCode = failed || (values.strict && missed) ? 1 : 0
}
