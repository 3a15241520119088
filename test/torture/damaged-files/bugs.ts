import { bySuite, type PlantedBug } from '../planted-bug.ts'

const find = "if (code === 'SQLITE_NOTADB') {"

export const damagedFilesBugs: readonly PlantedBug[] = [
  {
    suite: 'damaged-files',
    title: 'what SQLite says is passed on as it is',
    patches: [{ file: 'store/sqlite-errors.js', find, put: `if (code !== '') throw error; ${find}` }],
    hunt: bySuite('damaged-files', 0.2),
  },
]
