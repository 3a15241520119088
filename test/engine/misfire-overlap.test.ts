/** Every cell of misfire × overlap, on a clock that stands still: what becomes of each slot, and of the run before it. */
// Alone in its process: its clock makes ids of another time, from which later ones would go on.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { freshDatabase } from '../fixtures/folder.ts'
import { HOUR, MINUTE, T0, VirtualBeat } from './virtual-beat.ts'

type Misfire = 'once' | 'skip' | 'all'
type Overlap = 'allow' | 'skip' | 'queueOne' | 'cancelRunning'
interface Cell {
  virtual: VirtualBeat
  misfire: Misfire
  overlap: Overlap
  expected: string
}

/** A test for each cell, in which a schedule that fires on the hour was declared at `now`. */
function table(
  title: string,
  now: number,
  cells: Record<Misfire, Record<Overlap, string>>,
  check: (cell: Cell) => void,
): void {
  describe(title, () => {
    for (const [misfire, row] of Object.entries(cells) as [Misfire, Record<Overlap, string>][]) {
      for (const [overlap, expected] of Object.entries(row) as [Overlap, string][]) {
        test(`misfire ${misfire}, overlap ${overlap}: ${expected}`, () => {
          using virtual = new VirtualBeat(freshDatabase(), now)
          virtual.declare({ hourly: { every: '1h', misfire, overlap } })
          check({ virtual, misfire, overlap, expected })
        })
      }
    }
  })
}

const latest = '1 coalesced, 2 coalesced, 3 fired'
const missed = '1 missed, 2 missed, 3 missed'

table(
  'three slots nobody was there for, and no run is in progress',
  T0,
  {
    once: { allow: latest, skip: latest, queueOne: latest, cancelRunning: latest },
    skip: { allow: missed, skip: missed, queueOne: missed, cancelRunning: missed },
    all: {
      allow: '1 fired, 2 fired, 3 fired',
      skip: '1 fired, 2 skipped, 3 skipped',
      queueOne: '1 fired, 2 waiting, 3 waiting',
      cancelRunning: '1 fired, 2 fired, 3 fired',
    },
  },
  ({ virtual, overlap, expected }) => {
    virtual.at(T0 + 3.5 * HOUR)
    assert.equal(virtual.ledger('hourly').join(', '), expected)
    assert.equal(virtual.next('hourly'), T0 + 4 * HOUR)
    const fired = expected.match(/fired/g)?.length ?? 0
    assert.equal(virtual.jobs('hourly').length, fired)
    // A run that has not begun is revoked to make room.
    const left = overlap === 'cancelRunning' ? Math.min(1, fired) : fired
    assert.equal(virtual.jobs('hourly', 'PENDING').length, left)
    assert.equal(virtual.jobs('hourly', 'REVOKED').length, fired - left)
  },
)

table(
  'three slots nobody was there for, and a run is in progress',
  T0 - MINUTE,
  {
    once: {
      allow: '0 fired, 1 coalesced, 2 coalesced, 3 fired',
      skip: '0 fired, 1 coalesced, 2 coalesced, 3 skipped',
      queueOne: '0 fired, 1 coalesced, 2 coalesced, 3 waiting',
      cancelRunning: '0 fired, 1 coalesced, 2 coalesced, 3 waiting',
    },
    skip: {
      allow: `0 fired, ${missed}`,
      skip: `0 fired, ${missed}`,
      queueOne: `0 fired, ${missed}`,
      cancelRunning: `0 fired, ${missed}`,
    },
    all: {
      allow: '0 fired, 1 fired, 2 fired, 3 fired',
      skip: '0 fired, 1 skipped, 2 skipped, 3 skipped',
      queueOne: '0 fired, 1 waiting, 2 waiting, 3 waiting',
      cancelRunning: '0 fired, 1 coalesced, 2 coalesced, 3 waiting',
    },
  },
  ({ virtual, misfire, overlap, expected }) => {
    virtual.at(T0)
    const run = virtual.begin('hourly')
    virtual.at(T0 + 3.5 * HOUR)
    assert.equal(virtual.ledger('hourly').join(', '), expected)
    assert.equal(virtual.store.reads.state(run), 'STARTED')
    const asked = virtual.store.revocations.asked(1).map(({ terminate }) => terminate)
    const told = overlap === 'cancelRunning' && misfire !== 'skip' ? [true] : []
    assert.deepEqual(asked, told, 'whether the run was told to end, with its thread if need be')
    // One after another, each when the run before it has ended.
    let begun = run
    for (const entry of expected.matchAll(/(\d) waiting/g)) {
      assert.equal(virtual.jobs('hourly', 'PENDING').length, 0)
      virtual.end(begun)
      begun = virtual.begin('hourly')
      assert.equal(virtual.store.reads.job(begun)?.scheduledFor, T0 + Number(entry[1]) * HOUR)
    }
    virtual.end(begun)
    assert.equal(virtual.ledger('hourly').join(', '), expected.replaceAll('waiting', 'fired'))
  },
)

const all = '0 fired, 1 fired, 2 fired, 3 fired'
const skipped = '0 fired, 1 skipped, 2 skipped, 3 skipped'
const newest = '0 fired, 1 coalesced, 2 coalesced, 3 waiting'

table(
  'three slots on time, while a run is in progress',
  T0 - MINUTE,
  {
    once: { allow: all, skip: skipped, queueOne: newest, cancelRunning: newest },
    skip: { allow: all, skip: skipped, queueOne: newest, cancelRunning: newest },
    all: {
      allow: all,
      skip: skipped,
      queueOne: '0 fired, 1 waiting, 2 waiting, 3 waiting',
      cancelRunning: newest,
    },
  },
  ({ virtual, expected }) => {
    virtual.at(T0)
    const run = virtual.begin('hourly')
    virtual.runTo(T0 + 3.5 * HOUR)
    assert.equal(virtual.ledger('hourly').join(', '), expected)
    virtual.end(run)
    virtual.runTo(T0 + 4 * HOUR - 1)
    const [, released] = /(\d) waiting/.exec(expected) ?? []
    assert.equal(
      virtual.ledger('hourly').join(', '),
      released === undefined ? expected : expected.replace(`${released} waiting`, `${released} fired`),
    )
  },
)
