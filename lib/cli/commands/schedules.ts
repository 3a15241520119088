import { formatDuration } from '../../domain/duration.ts'
import { nextOf, readRules } from '../../domain/schedule-rules.ts'
import { restoreSchedule, type ScheduleRecord } from '../../domain/schedule-spec.ts'
import { UnknownSchedule } from '../../errors.ts'
import type { ScheduleLine } from '../../wire/reading.ts'
import { readJson } from '../../wire/stored-json.ts'
import type { Call } from '../command.ts'
import { confirm } from '../confirm.ts'
import { wrongUse } from '../exit.ts'
import { wholeNumber } from '../numbers.ts'
import { toJson } from '../output/json.ts'
import { moment, safe } from '../output/text.ts'
import { asDates } from '../output/views.ts'
import { recorded } from '../recorded.ts'

type Do = (call: Call, name: string) => Promise<undefined>

const ACTIONS: Readonly<Record<string, Do>> = { preview, trigger, pause, resume, reset, remove, ledger }

export async function run(call: Call): Promise<undefined> {
  const [action = 'list', name] = call.args
  const act = ACTIONS[action]
  if (!act) {
    if (name !== undefined) wrongUse(`schedules list takes nothing more, and was given ${name}`)
    return list(call)
  }
  if (name === undefined) wrongUse(`schedules ${action} needs the name of a schedule`)
  return act(call, name)
}

async function list({ terminal, opening, json }: Call): Promise<undefined> {
  const schedules = await (await opening.reader()).schedules()
  if (json) {
    const data = schedules.map(({ spec, error, ledger, ...line }) => ({
      ...asDates(line, 'nextSlot', 'lastSlot'),
      spec: recordOf(line.name, spec),
      error: error === null ? null : (JSON.parse(error) as unknown),
      ledger: ledger.map((row) => asDates(row, 'slot')),
    }))
    return terminal.print(toJson(data, 2))
  }
  if (schedules.length === 0) return terminal.say('the file holds no schedule')
  const { table } = await import('../output/table.ts')
  terminal.print(
    table(
      [
        { heading: 'SCHEDULE', flexible: true },
        { heading: 'WHEN', flexible: true },
        { heading: 'TASK', flexible: true, optional: true },
        { heading: 'NEXT' },
        { heading: 'LAST', optional: true },
        { heading: 'OUTCOME', optional: true },
        { heading: 'STATE', flexible: true },
      ],
      schedules.map((line) => [
        line.name,
        whenOf(line),
        line.task,
        moment(line.nextSlot),
        moment(line.lastSlot),
        line.ledger[0]?.outcome ?? '-',
        stateOf(line),
      ]),
      terminal,
    ),
  )
}

/** Null for one that somebody damaged. */
function recordOf(name: string, spec: string): ScheduleRecord | null {
  try {
    return restoreSchedule(name, readJson(spec)).record
  } catch {
    return null
  }
}

function whenOf({ name, spec }: ScheduleLine): string {
  const record = recordOf(name, spec)
  if (record === null) return 'unreadable'
  if (record.kind === 'cron') return `${record.expression} ${record.timezone}`
  return record.kind === 'every' ? `every ${formatDuration(record.milliseconds)}` : `at ${moment(record.time)}`
}

function stateOf({ paused, declared, edited, error }: ScheduleLine): string {
  if (error !== null) return `errored: ${(JSON.parse(error) as { message: string }).message}`
  return `${paused ? 'paused' : declared ? 'declared' : 'not declared'}${edited ? ', edited' : ''}`
}

async function lineOf({ opening }: Call, name: string): Promise<ScheduleLine> {
  const schedules = await (await opening.reader()).schedules()
  const line = schedules.find((schedule) => schedule.name === name)
  if (line) return line
  const known = schedules.map((schedule) => schedule.name).join(', ') || 'none'
  throw new UnknownSchedule(`no schedule "${safe(name)}" is stored in this file — stored: ${safe(known)}`)
}

async function preview(call: Call, name: string): Promise<undefined> {
  const { terminal, json, options } = call
  const limit = wholeNumber(options.limit, '--limit', 5, 1, 10_000)
  const { spec, rules: own, runs } = await lineOf(call, name)
  const rules = readRules(name, own)
  const timing = { name, record: restoreSchedule(name, readJson(spec)).record, rules }
  const slots: { at: Date; movedByDst: boolean }[] = []
  const most = Math.min(limit, rules.maxRuns === null ? limit : rules.maxRuns - runs)
  let after = terminal.now()
  while (slots.length < most) {
    const slot = nextOf(timing, after)
    if (!slot) break
    after = slot.at
    slots.push({ at: new Date(slot.at), movedByDst: slot.movedByDst })
  }
  if (json) return terminal.print(toJson(slots, 2))
  if (slots.length === 0) return terminal.say('it never fires again')
  for (const { at, movedByDst } of slots)
    terminal.print(`${moment(at)}${movedByDst ? '  moved by the change of clocks' : ''}`)
}

async function trigger(call: Call, name: string): Promise<undefined> {
  await lineOf(call, name)
  const app = await call.opening.producer()
  const { id } = await recorded(
    app,
    'trigger schedule',
    name,
    () => app.schedules.trigger(name),
    ({ id }) => id,
  )
  call.terminal.print(call.json ? toJson({ schedule: name, id }, 2) : id)
}

async function pause(call: Call, name: string): Promise<undefined> {
  await setPaused(call, name, true)
}

async function resume(call: Call, name: string): Promise<undefined> {
  await setPaused(call, name, false)
}

async function setPaused(call: Call, name: string, paused: boolean): Promise<void> {
  await lineOf(call, name)
  const app = await call.opening.producer()
  const { schedules } = app
  await recorded(app, paused ? 'pause schedule' : 'resume schedule', name, () =>
    paused ? schedules.pause(name) : schedules.resume(name),
  )
  if (call.json) call.terminal.print(toJson({ schedule: name, paused }, 2))
  else call.terminal.say(`schedule "${safe(name)}" ${paused ? 'is paused' : 'goes on with its next slot'}`)
}

async function reset(call: Call, name: string): Promise<undefined> {
  await lineOf(call, name)
  const app = await call.opening.producer()
  const declared = await recorded(app, 'reset schedule', name, () => app.schedules.reset(name))
  if (call.json) return call.terminal.print(toJson({ schedule: name, declared }, 2))
  call.terminal.say(
    `schedule "${safe(name)}" ${declared ? 'is as the code declares it' : 'is declared nowhere: nothing was changed'}`,
  )
}

async function remove(call: Call, name: string): Promise<undefined> {
  await lineOf(call, name)
  await confirm(
    `Remove schedule "${safe(name)}"? One that the code declares comes back at the next start.`,
    call.yes,
    call.terminal,
  )
  const app = await call.opening.producer()
  const removed = await recorded(app, 'remove schedule', name, () => app.schedules.remove(name))
  if (call.json) return call.terminal.print(toJson({ schedule: name, removed }, 2))
  call.terminal.say(`schedule "${safe(name)}" ${removed ? 'is removed; its ledger stays' : 'was gone already'}`)
}

async function ledger(call: Call, name: string): Promise<undefined> {
  const { terminal, opening, json, options } = call
  const limit = wholeNumber(options.limit, '--limit', 20, 1, 100_000)
  await lineOf(call, name)
  const rows = await (await opening.producer()).schedules.ledger(name, { limit })
  if (json) return terminal.print(toJson(rows, 2))
  if (rows.length === 0) return terminal.say('none of its slots has passed')
  const { table } = await import('../output/table.ts')
  terminal.print(
    table(
      [{ heading: 'SLOT' }, { heading: 'OUTCOME' }, { heading: 'JOB' }],
      rows.map(({ slot, outcome, jobId }) => [moment(slot), outcome, jobId ?? '-']),
      terminal,
    ),
  )
}
