/** Jobs that kill what runs them, in every way there is, beside jobs that do nothing wrong. */
import { type Call, calls } from '../../crash/calls.ts'
import { describeViolations, type Expectations } from '../../crash/check.ts'
import { CrashRun } from '../../crash/children.ts'
import { type FinalJob, readFinalFile } from '../../crash/final-file.ts'
import { type PoisonWay, PROCESS_WAYS, THREAD_WAYS } from '../../crash/poison-ways.ts'
import { integer, type Random } from '../../crash/random.ts'
import { supervise } from '../../crash/supervise.ts'
import { judge } from '../../crash/verdict.ts'
import type { Size, Suite, SuiteContext, SuiteReport } from '../suite.ts'

/** Jobs of each way. Processes cost most. */
const EACH: Record<Size, { process: number; thread: number }> = {
  short: { process: 3, thread: 3 },
  nightly: { process: 200, thread: 200 },
  release: { process: 1_000, thread: 1_000 },
}
const AT_ONCE = { process: 4, thread: 12 }
const DEATHS_ALLOWED = 3
/** What a job that ends its thread or process ends with. */
const LOST = 'WORKER_LOST'
const HEAP = 24

interface Batch {
  jobs: Call[]
  /** Processes die of it, and take innocent jobs along. */
  deadly: boolean
  threads?: number
  /** Jobs that may run again for one dead thread. */
  lossPerFault?: number
}

interface PoisonReport {
  poisons: number
  innocents: number
  deaths: number
  violations: string[]
}

async function survive(batch: Batch, report: PoisonReport): Promise<void> {
  const { jobs, deadly, threads = 3, lossPerFault } = batch
  const expectations: Partial<Expectations> = {
    crashLimit: (task) => (task === 'poison_once' ? 1 : DEATHS_ALLOWED),
    failsWith: (task) => (task === 'endless' ? 'TIME_LIMIT_EXCEEDED' : undefined),
    ...(lossPerFault !== undefined && { lossPerFault }),
  }
  const run = new CrashRun({ threads, heap: HEAP })
  const found = (text: string): void => void report.violations.push(`${text} (beside ${batchName(batch)})`)
  try {
    const most = DEATHS_ALLOWED * jobs.filter(isPoison).length
    const deaths = await supervise(run, { calls: jobs, consume: true }, most + 1)
    if (deaths > (deadly ? most : 0)) found(`${deaths} processes died`)
    const verdict = judge(run, expectations)
    const text = describeViolations(verdict)
    if (text !== '') found(text)
    if (verdict.litter.length > 0) found(`left behind: ${verdict.litter.join(', ')}`)
    for (const job of readFinalFile(run.database).jobs) {
      const wrong = isPoisonRow(job) ? wrongWithPoison(job) : wrongWithInnocent(job, deadly)
      if (wrong !== null) found(`${job.key}: ${wrong}`)
    }
    report.deaths += verdict.faults
    report.poisons += jobs.filter(isPoison).length
    report.innocents += jobs.length - jobs.filter(isPoison).length
  } catch (error) {
    found(String((error as Error).stack ?? error))
  } finally {
    await run.end()
  }
}

const batchName = ({ jobs }: Batch): string =>
  jobs
    .filter(isPoison)
    .map(({ args }) => args[0])
    .join(', ')

/** The key of a poison says what is to become of it. */
const isPoison = ({ args }: Call): boolean => args[0].includes(' poison ')
const isPoisonRow = ({ key }: FinalJob): boolean => key.includes(' poison ')

function wrongWithPoison({ state, error, crashes, key }: FinalJob): string | null {
  if (crashes > DEATHS_ALLOWED) return `${crashes} deaths`
  const [ending] = key.split(' ')
  if (ending === 'any') return null
  if (ending === 'lost') return state === 'FAILURE' && error?.code === LOST ? null : `${state} ${error?.message}`
  if (crashes > 0) return `${crashes} deaths, and it should have failed by itself`
  return state === (ending === 'ends' ? 'SUCCESS' : 'FAILURE') ? null : `${state} ${error?.message}`
}

/** Whatever ran beside a process's death is charged too, but a job that died twice runs alone. */
function wrongWithInnocent({ state, error, crashes }: FinalJob, deadly: boolean): string | null {
  if (state !== 'SUCCESS') return `${state} ${error?.message}`
  return crashes > (deadly ? DEATHS_ALLOWED - 1 : 0) ? `charged with ${crashes} deaths of others` : null
}

const ENDING: Record<PoisonWay, 'lost' | 'fails' | 'ends' | 'any'> = {
  SIGKILL: 'lost',
  SIGSEGV: 'lost',
  SIGABRT: 'lost',
  'one array': 'lost',
  exit: 'lost',
  reallyExit: 'lost',
  objects: 'lost',
  deaf: 'lost',
  abort: 'fails',
  buffer: 'fails',
  stack: 'fails',
  timer: 'fails',
  rejection: 'fails',
  loop: 'fails',
  bomb: 'ends',
  port: 'ends',
  nonsense: 'ends',
}

let poisons = 0

function poison(way: PoisonWay, once: boolean): Call {
  const key = `${ENDING[way]} poison ${way} ${++poisons}`
  if (way === 'loop') return { task: 'endless', args: [key] }
  return { task: once && ENDING[way] === 'lost' ? 'poisonOnce' : 'poison', args: [key, way] }
}

const innocents = (): Call[] => [
  ...calls('waiting', 4, 'long', 300),
  ...calls('waiting', 12, 'while', 25),
  ...calls('busy', 20, 'short', 3),
]

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list]
  return Array.from(list, () => left.splice(integer(random, 0, left.length - 1), 1)[0] as T)
}

/** Each way so often, in random company. Every third job is one that is failed with the first death. */
function batches(each: { process: number; thread: number }, random: Random): Batch[] {
  const dealt: Batch[] = []
  for (const kind of ['process', 'thread'] as const) {
    const ways: readonly PoisonWay[] = kind === 'process' ? PROCESS_WAYS : THREAD_WAYS
    const jobs = ways.flatMap((way) => Array.from({ length: each[kind] }, (_, i) => poison(way, i % 3 === 1)))
    const all = shuffled(jobs, random)
    for (let from = 0; from < all.length; from += AT_ONCE[kind]) {
      const own = all.slice(from, from + AT_ONCE[kind])
      dealt.push({ jobs: shuffled([...innocents(), ...own], random), deadly: kind === 'process' })
    }
  }
  return dealt
}

/** One that waits in line among jobs of its task that used to be short: of these, what was not answered yet runs again. */
const inLine = (): Batch => ({
  jobs: [
    ...calls('exiting', 200, 'fine', false),
    { task: 'exiting', args: ['lost poison in line', true] },
    ...calls('exiting', 200, 'behind', false),
  ],
  deadly: false,
  threads: 1,
  lossPerFault: 256,
})

export const poisonSuite: Suite = {
  name: 'poison',
  what: `lets jobs kill their thread or process in ${PROCESS_WAYS.length + THREAD_WAYS.length} ways, beside innocent ones`,
  missing: () => null,
  async run({ size, share, random, progress }: SuiteContext): Promise<SuiteReport> {
    const { process, thread } = EACH[size]
    const each = { process: Math.ceil(process * share), thread: Math.ceil(thread * share) }
    const all = [...batches(each, random), inLine()]
    const most = all.length
    const report: PoisonReport = { poisons: 0, innocents: 0, deaths: 0, violations: [] }
    const work = async (): Promise<void> => {
      for (let batch = all.shift(); batch; batch = all.shift()) {
        await survive(batch, report)
        progress(most - all.length, most)
      }
    }
    await Promise.all([work(), work()])
    const { poisons, innocents, deaths, violations } = report
    return { cases: poisons, violations, notes: { innocents, deaths } }
  },
}
