import type { CommandSpec, OptionSpec } from './command.ts'

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

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'worker',
    summary: 'run jobs until told to end',
    options: [
      { flags: '-Q, --queues <names>', summary: 'only these queues, joined by commas' },
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
        choices: ['active', 'scheduled', 'registered', 'queues', 'workers', 'query', 'report'],
      },
      { name: '[ids...]', summary: 'jobs, for query' },
    ],
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
    name: 'schedules',
    summary: 'list schedules, or steer one',
    arguments: [
      {
        name: '[action]',
        summary: 'what to do, default list',
        choices: ['list', 'preview', 'trigger', 'pause', 'resume', 'ledger'],
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
]
