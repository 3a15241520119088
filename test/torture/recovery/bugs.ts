import { bySuite, type PlantedBug } from '../planted-bug.ts'

export const recoveryBugs: readonly PlantedBug[] = [
  {
    suite: 'recovery',
    title: 'a dead process is found by its lease alone',
    patches: [
      {
        file: 'engine/rescuer.js',
        find: 'if (alive && monotonic - beatSeenAt < LEASE)',
        put: 'if (monotonic - beatSeenAt < LEASE)',
      },
    ],
    hunt: bySuite('recovery', 0.25),
  },
]
