import { bySuite, type PlantedBug } from '../planted-bug.ts'

export const poisonBugs: readonly PlantedBug[] = [
  {
    suite: 'poison',
    title: 'a job that died twice runs beside others',
    patches: [
      {
        file: 'engine/dispatcher.js',
        find: '#blockedByIsolation() {',
        put: '#blockedByIsolation() { return false;',
      },
      { file: 'engine/dispatcher.js', find: 'if (crashes >= CRASH_LIMIT - 1 && placed > 0) {', put: 'if (false) {' },
      {
        file: 'engine/dispatcher.js',
        find: 'if (crashes >= CRASH_LIMIT - 1)\n                return claimed;',
        put: '',
      },
    ],
    hunt: bySuite('poison', 0.3),
  },
  {
    suite: 'poison',
    title: 'all that waits in the line of a thread is charged with its death',
    patches: [
      {
        file: 'engine/lane-desk.js',
        find: 'job.takenBack = true;\n            this.#giveBack(job);',
        put: 'this.#lost(job, cause, true);',
      },
    ],
    hunt: bySuite('poison', 0.3),
  },
  {
    suite: 'poison',
    title: 'an error that a job left behind fails whichever runs by then',
    patches: [{ file: 'worker/lane-runner.js', find: 'culprit === current.context', put: 'true' }],
    hunt: bySuite('poison', 0.7),
  },
]
