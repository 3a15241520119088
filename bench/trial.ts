/** One repetition of one trial, in a process of its own. Arguments: case, `trial` or `prepare`, name, TrialEnv as JSON. */
import type { TrialEnv } from './case.ts'
import { caseNamed } from './cases/index.ts'
import { GATE, GATE_TRIALS } from './gate/trials.ts'

process.once('disconnect', () => process.exit(1))

const [caseName = '', kind, name = '', env = '{}'] = process.argv.slice(2)
const { trials, prepare } = caseName === GATE ? { trials: GATE_TRIALS, prepare: {} } : caseNamed(caseName)
const trial = (kind === 'prepare' ? prepare : trials)?.[name]
if (!trial) throw new Error(`no ${kind} '${name}' in case '${caseName}'`)

const sample = await trial(JSON.parse(env) as TrialEnv)
// The table says nothing about how long a process takes to end: that is the tests' business.
process.send?.(sample, () => process.exit(0))
