import type { Call } from '../command.ts'
import { toJson } from '../output/json.ts'

/** With `-A` the tasks as they are declared; from the file alone, their names and how many live processes declare them. */
export async function run({ terminal, opening, json }: Call): Promise<undefined> {
  const { table } = await import('../output/table.ts')
  if (opening.hasApp) {
    const tasks = (await opening.app()).inspect.registered()
    if (json) return terminal.print(toJson(tasks, 2))
    if (tasks.length === 0) return terminal.say('the app declares no task')
    const columns = ['TASK', 'QUEUE', 'PRIORITY', 'RUNS IN', 'CODEC', 'RETRIES'].map((heading) => ({ heading }))
    terminal.print(
      table(
        columns,
        tasks.map((task) => [task.name, task.queue, task.priority, task.runIn, task.codec, task.maxRetries]),
        terminal,
      ),
    )
    return
  }
  const processes = new Map<string, number>()
  for (const { alive, tasks } of await (await opening.reader()).workers())
    if (alive) for (const name of tasks) processes.set(name, (processes.get(name) ?? 0) + 1)
  const declared = [...processes].sort(([a], [b]) => (a < b ? -1 : 1))
  if (json)
    return terminal.print(
      toJson(
        declared.map(([name, count]) => ({ name, processes: count })),
        2,
      ),
    )
  if (declared.length === 0) return terminal.say('no live process declares a task; -A ./dist/tasks.js asks the app')
  terminal.print(table([{ heading: 'TASK' }, { heading: 'PROCESSES', right: true }], declared, terminal))
}
