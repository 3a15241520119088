import { bySuite, type PlantedBug } from '../planted-bug.ts'

export const securityBugs: readonly PlantedBug[] = [
  {
    suite: 'security',
    title: 'a form of any site changes something',
    patches: [
      { file: 'dashboard/access.js', find: "return site === 'same-origin';", put: "return site !== 'nowhere';" },
    ],
    hunt: bySuite('security', 0.2, /^(forgery|something)/),
    short: true,
  },
  {
    suite: 'security',
    title: 'a filter is sent back as it came',
    patches: [
      {
        file: 'dashboard/pages/tasks.js',
        find: `name="q" value="\${query.q}" placeholder`,
        put: `name="q" value="\${Object.assign(new String(query.q), { isEscaped: true })}" placeholder`,
      },
    ],
    hunt: bySuite('security', 0.5, /^reflection/),
  },
  {
    suite: 'security',
    title: 'a stored value that cannot be read is refused without a code',
    patches: [
      { file: 'wire/codec.js', find: 'throw new InvalidPayload(`a stored', put: 'throw error; void (`a stored' },
    ],
    hunt: bySuite('security', 0.05, /^(decode|rows)/),
  },
]
