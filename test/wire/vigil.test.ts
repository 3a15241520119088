import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { setImmediate as turnOver } from 'node:timers/promises'
import { Bells } from '../../lib/wire/bells.ts'
import { Vigil } from '../../lib/wire/vigil.ts'

/** Longest vigil, and what is longer, in ms. */
const LONGEST = 0.1
const LONG = 1

describe('a vigil', () => {
  let now: number
  let looks: number
  let door: string[]
  let bells: Bells
  let vigil: Vigil

  const make = (cores: number): Vigil =>
    new Vigil(
      LONGEST,
      bells,
      'engine',
      { open: () => void door.push('open'), look: () => void door.push('look'), close: () => void door.push('close') },
      cores,
      () => {
        looks++
        return now
      },
    )

  beforeEach(() => {
    now = 0
    looks = 0
    door = []
    bells = new Bells()
    vigil = make(2)
  })

  // Else it would be held for ever, with a clock that stands.
  afterEach(async () => {
    vigil.end()
    await turnOver()
  })

  function begin(): void {
    vigil.listen()
    vigil.begin(1)
  }

  /** Something is waited for, and comes after so many ms. */
  function waited(milliseconds: number): void {
    begin()
    now += milliseconds
    vigil.end()
  }

  /** Whether it looks at the time in each turn of the event loop, and so keeps that turning. */
  async function awake(): Promise<boolean> {
    await turnOver()
    const before = looks
    await turnOver()
    await turnOver()
    return looks > before
  }

  it('is held after somebody was quick, until something comes', async () => {
    waited(0.01)
    begin()
    for (let i = 0; i < 3; i++) assert.ok(await awake(), 'the thread would fall asleep')
    vigil.end()
    assert.ok(!(await awake()), 'the thread stays awake for nothing')
  })

  it('ends when the other is not heard to be at work at once', async () => {
    waited(0.01)
    begin()
    now += LONGEST / 2
    assert.ok(!(await awake()), 'it goes on: the other may be waiting for this core')
  })

  it('goes on for one who is at work, and ends when that takes long', async () => {
    waited(0.01)
    begin()
    bells.ring('engine')
    await turnOver()
    now += LONGEST / 2
    assert.ok(await awake(), 'the thread fell asleep')
    now += LONGEST
    assert.ok(!(await awake()), 'the vigil goes on')
  })

  it('looks when the bell is rung, between opening and closing', async () => {
    waited(0.01)
    begin()
    bells.ring('engine')
    assert.ok(await awake())
    bells.ring('engine')
    assert.ok(await awake())
    vigil.end()
    await awake()
    assert.deepEqual(door, ['open', 'look', 'look', 'close'])
  })

  it('is not held for those who are slow, nor at first', async () => {
    begin()
    assert.ok(!(await awake()))
    now += LONG
    vigil.end()
    begin()
    assert.ok(!(await awake()))
    assert.deepEqual(door, [])
  })

  it('is held again after a rest when it was held in vain, and that rest is longer each time', async () => {
    const rests: number[] = []
    for (let round = 0; round < 4; round++) {
      let rest = 0
      waited(0.01)
      begin()
      while (!(await awake())) {
        vigil.end()
        begin()
        rest++
      }
      rests.push(rest)
      now += LONG
      await turnOver()
      vigil.end()
    }
    assert.equal(rests[0], 0)
    for (let i = 2; i < rests.length; i++) assert.ok(rests[i]! > rests[i - 1]!, `rests: ${rests}`)
  })

  it('may be held in vain now and then by those whom it mostly serves', async () => {
    for (let i = 0; i < 20; i++) waited(0.01)
    begin()
    now += LONG
    vigil.end()
    waited(0.01)
    begin()
    assert.ok(await awake())
  })

  it('is not held where there is no core to spare', async () => {
    vigil = make(1)
    waited(0.01)
    begin()
    assert.ok(!(await awake()))
    vigil = make(4)
    vigil.begin(4)
    vigil.end()
    vigil.begin(4)
    assert.ok(!(await awake()))
    assert.deepEqual(door, [])
  })
})
