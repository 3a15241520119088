/**
 * `npm run bench -- [--only <case>]… [--quick] [--json] [--strict] [--repetitions <n>] [--dir <folder>]`
 * Exit code 1 when a case failed its own checks; with `--strict` also when a target was missed.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CASES, caseNamed } from './cases/index.ts'
import { describeMachine, machine } from './machine.ts'
import { type CaseReport, runCase } from './runner.ts'
import { legend, table } from './table.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    strict: { type: 'boolean', default: false },
    repetitions: { type: 'string' },
    dir: { type: 'string', default: tmpdir() },
  },
})
const repetitions = values.repetitions === undefined ? null : Number(values.repetitions)
if (repetitions !== null && !(Number.isInteger(repetitions) && repetitions > 0))
  throw new Error(`--repetitions is '${values.repetitions}', not a whole number above 0`)

const cases = values.only?.flatMap((names) => names.split(',')).map(caseNamed) ?? CASES
const root = mkdtempSync(join(values.dir, 'celeriac-bench-'))
const clean = () => rmSync(root, { recursive: true, force: true })
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))
process.once('exit', clean)

const facts = machine(root)
if (!values.json)
  console.log(`${describeMachine(facts)}\n${values.quick ? 'Quick: a smoke test, not a measurement.\n' : ''}`)

const progress = (text: string) => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}
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
