import type { CommandSpec, OptionSpec } from './command.ts'

/** Options that every command takes, before or after its name. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  {
    flags: '-A, --app <module>',
    summary: 'module that exports the app, such as ./dist/tasks.js or ./dist/tasks.js:app',
    variable: 'CELERIAC_APP',
  },
  { flags: '--database <file>', summary: 'read this file without importing anything', variable: 'CELERIAC_DATABASE' },
  { flags: '--json', summary: 'data as JSON: one document, or one a line for streams' },
  { flags: '-y, --yes', summary: 'do not ask before something is destroyed' },
  { flags: '--no-redact', summary: 'arguments and results as they are, masked by nothing' },
  { flags: '--no-color', summary: 'no colours; NO_COLOR in the environment says the same' },
]

const FILTER_OPTIONS: readonly OptionSpec[] = [
  { flags: '--state <states>', summary: 'such as failure, or failure,retry' },
  { flags: '--task <name>', summary: '* stands for any text' },
  { flags: '--queue <name>', summary: 'line it waits in' },
  { flags: '--tag <label>', summary: 'label given when it was enqueued' },
  { flags: '--error <text>', summary: "text within the last error's name, message or code" },
  { flags: '--since <time>', summary: 'enqueued since: 1h, 7d, 2026-01-31T06:00Z' },
  { flags: '--until <time>', summary: 'enqueued until' },
  { flags: '--schedule <name>', summary: 'stored by this schedule' },
  { flags: '--parent <id>', summary: 'enqueued by this job' },
  { flags: '--root <id>', summary: 'of the tree that began with this job' },
]
const FILTER_ARGUMENT = {
  name: '[filter...]',
  summary: 'as text: state:failure task:send_* error:"timed out" since:1h',
}

const WAIT_OPTIONS: readonly OptionSpec[] = [
  { flags: '--wait', summary: 'until it has ended' },
  { flags: '--timeout <duration>', summary: 'longest wait, such as 30s' },
]

const ASKED_OPTIONS: readonly OptionSpec[] = [
  { flags: '--worker <key>', summary: 'ask only this process; keys are in inspect stats', repeatable: true },
  { flags: '--timeout <duration>', summary: 'how long to wait for answers, default 2s' },
]

const SELECTION_OPTIONS: readonly OptionSpec[] = [
  { flags: '--filter <text>', summary: 'instead of ids: state:failure task:send_* since:1h' },
  ...FILTER_OPTIONS,
]
const SELECTION_ARGUMENT = { name: '[ids...]', summary: 'the jobs' }

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'worker',
    summary: 'run jobs until told to end',
    options: [
      { flags: '-Q, --queues <names>', summary: 'only these queues, joined by commas' },
      { flags: '-c, --concurrency <number>', summary: "most pool threads, instead of the app's" },
      { flags: '-B, --beat', summary: 'fire schedules too' },
      { flags: '--once', summary: 'run what is due, then end' },
      { flags: '-v, --verbose', summary: 'say when each job begins and ends' },
    ],
    notes:
      'SIGTERM or Ctrl-C lets running jobs finish; a second one hands them back at once; a third ends the process.',
    load: () => import('./commands/worker.ts'),
  },
  {
    name: 'beat',
    summary: 'fire schedules until told to end; run nothing',
    load: () => import('./commands/beat.ts'),
  },
  { name: 'status', summary: 'processes, queues and jobs at a glance', load: () => import('./commands/status.ts') },
  {
    name: 'inspect',
    summary: 'look at one thing closely',
    arguments: [
      {
        name: '<what>',
        summary: 'what to look at',
        choices: [
          'active',
          'reserved',
          'scheduled',
          'registered',
          'stats',
          'queues',
          'workers',
          'query',
          'ping',
          'report',
        ],
      },
      { name: '[ids...]', summary: 'jobs, for query' },
    ],
    options: ASKED_OPTIONS,
    notes: 'reserved, stats and ping ask the live processes, and end with 69 when there is none.',
    load: () => import('./commands/inspect.ts'),
  },
  {
    name: 'call',
    summary: 'store a job',
    arguments: [
      { name: '<task>', summary: 'its name' },
      { name: '[args...]', summary: 'arguments; what reads as JSON is JSON, anything else is text' },
    ],
    options: [
      { flags: '--args <json>', summary: 'the arguments as a JSON array' },
      { flags: '--countdown <duration>', summary: 'begin this long from now at the earliest' },
      { flags: '--eta <time>', summary: 'begin then at the earliest: 2026-01-31T06:00Z' },
      { flags: '--expires <duration>', summary: 'do not begin later than this from now' },
      { flags: '--queue <name>', summary: "instead of the task's own" },
      { flags: '--priority <number>', summary: '0 to 9, higher first' },
      { flags: '--retry <number>', summary: 'most retries' },
      { flags: '--task-id <id>', summary: 'its id; a second call with it stores nothing' },
      { flags: '--tag <label>', summary: 'label to find it by', repeatable: true },
      { flags: '--header <name=value>', summary: 'text for the task to read', repeatable: true },
      ...WAIT_OPTIONS,
    ],
    notes: "With --database the task's own options are not known: queue, priority, retry and codec are the defaults.",
    load: () => import('./commands/call.ts'),
  },
  {
    name: 'result',
    summary: 'what a job returned, or why it failed',
    arguments: [{ name: '<id>', summary: 'the job' }],
    options: [...WAIT_OPTIONS, { flags: '--traceback', summary: 'the stack of its error too' }],
    load: () => import('./commands/result.ts'),
  },
  {
    name: 'log',
    summary: 'the lines a job wrote',
    arguments: [{ name: '<id>', summary: 'the job' }],
    options: [{ flags: '-f, --follow', summary: 'go on until it has ended' }],
    load: () => import('./commands/log.ts'),
  },
  {
    name: 'explain',
    summary: 'why a job is not running',
    arguments: [{ name: '<id>', summary: 'the job' }],
    load: () => import('./commands/explain.ts'),
  },
  {
    name: 'tasks',
    summary: 'find jobs, the newest first',
    arguments: [FILTER_ARGUMENT],
    options: [...FILTER_OPTIONS, { flags: '-n, --limit <number>', summary: 'most jobs, default 50' }],
    load: () => import('./commands/tasks.ts'),
  },
  {
    name: 'revoke',
    summary: 'end jobs: waiting ones at once, running ones by their signal',
    arguments: [SELECTION_ARGUMENT],
    options: [
      ...SELECTION_OPTIONS,
      { flags: '--terminate', summary: 'end running ones by force 5 s later' },
      { flags: '--reason <text>', summary: 'kept with the jobs' },
    ],
    load: () => import('./commands/revoke.ts'),
  },
  {
    name: 'retry',
    summary: 'run ended jobs again; a filter that names no state means those that failed',
    arguments: [SELECTION_ARGUMENT],
    options: SELECTION_OPTIONS,
    load: () => import('./commands/retry.ts'),
  },
  {
    name: 'purge',
    summary: 'end every job that waits in a queue',
    arguments: [{ name: '<queue>', summary: 'its name' }],
    load: () => import('./commands/purge.ts'),
  },
  {
    name: 'pause',
    summary: 'begin no more jobs of a queue or task, in any process',
    arguments: [{ name: '[queue]', summary: 'its name' }],
    options: [{ flags: '--task <name>', summary: 'a task instead' }],
    load: () => import('./commands/pause.ts'),
  },
  {
    name: 'resume',
    summary: 'end a pause',
    arguments: [{ name: '[queue]', summary: 'its name' }],
    options: [
      { flags: '--task <name>', summary: 'a task instead' },
      { flags: '--all', summary: 'everything that is paused' },
    ],
    load: () => import('./commands/resume.ts'),
  },
  {
    name: 'rate-limit',
    summary: 'limit how many jobs of a task start in a time, in all processes',
    arguments: [
      { name: '<task>', summary: 'its name; with --queue the rate' },
      { name: '[rate]', summary: '10/s, 100/m, 5/h; none lifts the limit, declared is what the code says' },
    ],
    options: [{ flags: '--queue <name>', summary: 'a queue instead' }],
    load: () => import('./commands/rate-limit.ts'),
  },
  {
    name: 'pool',
    summary: 'set the most threads of running processes',
    arguments: [{ name: '<threads>', summary: '1 to 1024' }],
    options: ASKED_OPTIONS,
    load: () => import('./commands/pool.ts'),
  },
  {
    name: 'shutdown',
    summary: 'stop running processes warmly',
    options: [
      ...ASKED_OPTIONS,
      { flags: '--drain <duration>', summary: "time to finish, instead of the app's" },
      { flags: '--grace <duration>', summary: "time after the signal, instead of the app's" },
    ],
    load: () => import('./commands/shutdown.ts'),
  },
  {
    name: 'top',
    summary: 'watch threads, jobs and queues live, and steer by keys',
    notes: '? lists the keys; capitals change something.',
    load: () => import('./commands/top.ts'),
  },
  {
    name: 'dashboard',
    summary: 'serve the web dashboard to this machine',
    options: [
      { flags: '--port <number>', summary: 'default 5555, 0 for a free one' },
      { flags: '--read-only', summary: 'look, but steer nothing' },
    ],
    load: () => import('./commands/dashboard.ts'),
  },
  {
    name: 'schedules',
    summary: 'list schedules, or steer one',
    arguments: [
      {
        name: '[action]',
        summary: 'what to do, default list',
        choices: ['list', 'preview', 'trigger', 'pause', 'resume', 'reset', 'remove', 'ledger'],
      },
      { name: '[name]', summary: 'the schedule' },
    ],
    options: [{ flags: '-n, --limit <number>', summary: 'most slots of preview (5) and ledger (20)' }],
    load: () => import('./commands/schedules.ts'),
  },
  {
    name: 'events',
    summary: 'what happens on the file, as it happens',
    options: [
      { flags: '-f, --follow', summary: 'until told to end; without it, for one second' },
      { flags: '--type <name>', summary: 'only these, such as task-failed', repeatable: true },
    ],
    load: () => import('./commands/events.ts'),
  },
  {
    name: 'doctor',
    summary: 'examine the file, and say what to do about each thing found',
    notes: 'With -A it also knows which tasks the app declares.',
    load: () => import('./commands/doctor.ts'),
  },
  {
    name: 'backup',
    summary: 'copy the file as it is at one moment, while others write',
    arguments: [{ name: '<file>', summary: 'where to; never written over' }],
    load: () => import('./commands/backup.ts'),
  },
  {
    name: 'vacuum',
    summary: 'hand free space of the file back to the disk',
    options: [{ flags: '--full', summary: 'rewrite the whole file; nobody can write meanwhile' }],
    load: () => import('./commands/vacuum.ts'),
  },
  {
    name: 'prune',
    summary: 'delete finished jobs by age; states that are not named keep theirs',
    options: [
      { flags: '--older-than <duration>', summary: 'all states, ended longer ago than this' },
      ...['success', 'failure', 'revoked', 'expired'].map((state) => {
        return { flags: `--${state} <duration>`, summary: 'of this state, instead' }
      }),
    ],
    load: () => import('./commands/prune.ts'),
  },
  {
    name: 'completion',
    summary: 'print a script that completes this command in a shell',
    arguments: [{ name: '<shell>', summary: 'which one', choices: ['bash', 'zsh', 'fish'] }],
    load: () => import('./commands/completion.ts'),
  },
]
