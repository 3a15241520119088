import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Bells } from '../../lib/wire/bells.ts'

describe('an answer that crosses beside the port', () => {
  it('is given to whoever looks, and to nobody else', () => {
    const app = new Bells()
    const engine = new Bells(app.buffer)
    assert.equal(engine.give(1), false, 'nobody looks')
    app.open()
    assert.equal(engine.give(1), true)
    assert.equal(engine.give(2), false, 'the last is still there')
    assert.equal(app.take(), 1)
    assert.equal(app.take(), 0)
    app.close()
    assert.equal(engine.give(2), false)
    assert.equal(app.take(), 0, 'it is to be posted, and was given as well')
  })

  it('is posted when its number has grown too large for a cell', () => {
    const bells = new Bells()
    bells.open()
    assert.equal(bells.give(2 ** 31), false)
    assert.equal(bells.give(2 ** 31 - 1), true)
    assert.equal(bells.take(), 2 ** 31 - 1)
  })

  it('is heard once, whenever the one who looks has had enough', { timeout: 60_000 }, async () => {
    const bells = new Bells()
    const asked = new Int32Array(new SharedArrayBuffer(4))
    const engine = new Worker(new URL('../fixtures/answering-thread.js', import.meta.url), {
      workerData: { bells: bells.buffer, asked: asked.buffer },
    })
    let given = 0
    let posted = 0
    let heard = 0
    let wake = (): void => {}
    const take = (): void => {
      const request = bells.take()
      if (request === 0) return
      assert.equal(request, ++heard, 'answered twice, or out of turn')
      given++
    }
    engine.on('message', (request: number) => {
      assert.equal(request, ++heard, 'answered twice, or out of turn')
      posted++
      wake()
    })
    for (let request = 1; request <= 20_000; request++) {
      const looks = (request * 7) % 300
      bells.open()
      Atomics.store(asked, 0, request)
      Atomics.notify(asked, 0)
      for (let i = 0; i < looks && heard < request; i++) take()
      bells.close()
      take()
      if (heard < request) await new Promise<void>((resolve) => (wake = resolve))
    }
    await engine.terminate()
    assert.equal(heard, 20_000)
    assert.ok(given > 0 && posted > 0, `only one way was tried: ${given} given, ${posted} posted`)
  })
})
