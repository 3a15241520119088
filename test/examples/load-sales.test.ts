import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { loadSales } from '../../examples/shop/load-sales.ts'
import { shopTables } from '../../examples/shop/tables.ts'

const header = 'order_date,day_of_week,category,name,price,orders,revenue'
const good = '2020-01-01T00:00:00.000Z,Wednesday,Classic,Pepperoni Pizza Small,13,16,208'

describe('loading the sales file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'celeriac-sales-'))
  after(() => rmSync(folder, { recursive: true, force: true }))

  function shop(): Database.Database {
    return new Database(':memory:').exec(shopTables)
  }

  function file(...lines: string[]): string {
    const path = join(folder, 'sales.csv')
    writeFileSync(path, `${lines.join('\n')}\n`)
    return path
  }

  test('reports every bad line with its number and reason, and loads the others', async () => {
    const loaded = await loadSales(
      shop(),
      file(
        header,
        good,
        good,
        '2020-02-30T00:00:00.000Z,Sunday,Classic,Small,1,1,1',
        '2020-01-02T00:00:00.000Z,Monday,Classic,Small,1,1,1',
        '2020-01-02T00:00:00.000Z,Thursday,Classic,,1,1,1',
        '2020-01-02T00:00:00.000Z,Thursday,Classic,Small,1,-1,1',
        'too,short',
        '2020-01-02T00:00:00.000Z,Thursday,Classic,Small,12,2,24',
      ),
    )
    assert.equal(loaded.lines, 2)
    assert.deepEqual(loaded.bad, [
      { line: 3, reason: 'a second line for Pepperoni Pizza Small on 2020-01-01' },
      { line: 4, reason: 'order_date "2020-02-30T00:00:00.000Z" is no day' },
      { line: 5, reason: 'day_of_week is "Monday", but 2020-01-02 is a Thursday' },
      { line: 6, reason: 'name is empty' },
      { line: 7, reason: 'orders "-1" is no whole number' },
      { line: 8, reason: 'Invalid Record Length: columns length is 7, got 2 on line 8' },
    ])
  })

  test('loads the same file once, a changed one anew', async () => {
    const db = shop()
    assert.equal((await loadSales(db, file(header, good))).before, null)
    const again = await loadSales(db, file(header, good))
    assert.equal(again.lines, 1)
    assert.ok(again.before)
    const changed = await loadSales(db, file(header, good.replace('Small', 'Large')))
    assert.deepEqual([changed.lines, changed.before], [1, null])
    assert.deepEqual(db.prepare('SELECT product FROM sales').pluck().all(), ['Pepperoni Pizza Large'])
  })

  test('refuses a file without the columns it needs', async () => {
    await assert.rejects(loadSales(shop(), file('order_date,name', 'a,b')), /no column day_of_week, category, price/)
  })
})
