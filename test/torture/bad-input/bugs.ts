import { bySuite, type PlantedBug } from '../planted-bug.ts'

const prototypes = 'if (prototype !== Object.prototype && prototype !== null && !isForeignObjectPrototype(prototype)) {'
const refuse = 'export function refuse(option, value, allowed) {'

export const badInputBugs: readonly PlantedBug[] = [
  {
    suite: 'bad-input',
    title: 'what JSON changes is let through',
    patches: [{ file: 'domain/strict-json.js', find: prototypes, put: 'if (false) {' }],
    hunt: bySuite('bad-input', 0.2),
  },
  {
    suite: 'bad-input',
    title: 'a wrong option is refused without a code',
    patches: [{ file: 'options/check.js', find: refuse, put: `${refuse} throw new Error('wrong');` }],
    hunt: bySuite('bad-input', 0.1),
    short: true,
  },
  {
    suite: 'bad-input',
    title: 'options that cannot be read end the engine, not their job',
    patches: [
      {
        file: 'wire/stored-options.js',
        find: 'last = isStoredOptions(value) ? value : DAMAGED;',
        put: 'last = JSON.parse(text);',
      },
    ],
    hunt: bySuite('bad-input', 1, /^rows/),
  },
]
