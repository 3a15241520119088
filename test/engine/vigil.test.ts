import assert from 'node:assert/strict'
import { beforeEach, describe, it } from 'node:test'
import { setImmediate as turnOver } from 'node:timers/promises'
import { Vigil } from '../../lib/engine/vigil.ts'

/** Longer than a vigil, in ms. */
const LONG = 1

describe('a vigil', () => {
  let now: number
  let looks: number
  let vigil: Vigil
  const clock = (): number => {
    looks++
    return now
  }

  beforeEach(() => {
    now = 0
    looks = 0
    vigil = new Vigil(true, clock)
  })

  /** A turn ends, and what comes next comes so many ms after it. */
  function waited(milliseconds: number): void {
    vigil.begin()
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
    vigil.begin()
    for (let i = 0; i < 3; i++) assert.ok(await awake(), 'the thread would fall asleep')
    vigil.end()
    assert.ok(!(await awake()), 'the thread stays awake for nothing')
  })

  it('ends when nobody comes, and is not held again until somebody is quick', async () => {
    waited(0.01)
    vigil.begin()
    now += LONG
    assert.ok(!(await awake()), 'the vigil goes on')
    vigil.end()
    vigil.begin()
    assert.ok(!(await awake()), 'a vigil is held that was held in vain')
    vigil.end()
    vigil.begin()
    assert.ok(await awake(), 'no vigil is held')
    vigil.end()
  })

  it('is not held for those who are slow, nor at first', async () => {
    vigil.begin()
    assert.ok(!(await awake()))
    now += LONG
    vigil.end()
    vigil.begin()
    assert.ok(!(await awake()))
  })

  it('is not held where there is one core', async () => {
    vigil = new Vigil(false, clock)
    waited(0.01)
    vigil.begin()
    assert.ok(!(await awake()))
  })
})
