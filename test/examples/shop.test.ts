/** `npm start` as a user meets it: a child process in a folder of its own. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import Database from 'better-sqlite3'
import { Celeriac } from 'celeriac'

const program = join(import.meta.dirname, '../../examples/shop/main.js')
const salesFile = fileURLToPath(import.meta.resolve('@observablehq/sample-datasets/pizza.csv'))

describe('the shop example', () => {
  const folder = mkdtempSync(join(tmpdir(), 'celeriac-shop-'))
  const reports = join(folder, 'reports')
  const days = salesByDay()
  let first: Run

  before(async () => {
    first = run(folder)
    await first.ended
    assert.equal(first.child.exitCode, 0, first.output)
  })
  after(() => {
    for (const child of children) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  })

  test('tells its story and ends', () => {
    assert.match(first.output, /29,853 order lines loaded, 0 left out/)
    assert.match(first.output, /^5$/m)
    assert.match(first.output, /1,096 reports/)
    assert.match(first.output, /none: the next run on this file will find those of this one/)
  })

  test('writes a page and a CSV file for every day, with the numbers of the sales file', () => {
    assert.equal(days.size, 1096)
    const expected = [...days.keys()].flatMap((day) => [`${day}.csv`, `${day}.html`])
    assert.deepEqual(readdirSync(reports).sort(), [...expected, 'index.html', 'style.css'].sort())
    const index = readFileSync(join(reports, 'index.html'), 'utf8')
    for (const [day, sales] of days) {
      const [header, ...lines] = readFileSync(join(reports, `${day}.csv`), 'utf8')
        .trim()
        .split('\n')
      assert.equal(header, 'day,category,product,orders,revenue')
      const written = lines.map((line) => line.split(','))
      const wanted = sales.map((sale) => [day, sale.category, sale.product, `${sale.orders}`, `${sale.revenue}`])
      assert.deepEqual(written.sort(), wanted.sort(), day)
      assert.ok(index.includes(`href="${day}.html"`), `the index links ${day}`)
    }
  })

  test('names the best seller and compares with the same weekday a week before', () => {
    const day = '2021-03-14'
    const sales = days.get(day)!
    const page = readFileSync(join(reports, `${day}.html`), 'utf8')
    const revenue = total(sales)
    const before = total(days.get('2021-03-07')!)
    const best = bestSeller(sales)
    assert.ok(page.includes(`<dd>${revenue.toLocaleString('en-GB')}</dd>`))
    assert.ok(page.includes(`<dd class="name">${best.replaceAll("'", '&#39;')}\n`))
    assert.ok(page.includes(`<a href="2021-03-07.html">2021-03-07</a>: ${before.toLocaleString('en-GB')}`))
    const change = (100 * (revenue - before)) / before
    assert.ok(page.includes(`>${change > 0 ? '+' : ''}${change.toFixed(1)}%<`), `${change} %`)
  })

  test('escapes what it writes into a page', () => {
    assert.ok([...days.values()].flat().some((sale) => sale.product.includes("'")))
    const pages = readdirSync(reports).filter((file) => file.startsWith('20') && file.endsWith('.html'))
    for (const file of pages) assert.doesNotMatch(readFileSync(join(reports, file), 'utf8'), /Lover's/, file)
  })

  test('sends one e-mail for the sign-up that committed and nothing for the one rolled back', async () => {
    assert.equal(first.output.match(/Subject: Welcome to Pizza Paradise/g)?.length, 1)
    assert.match(first.output, /To: Ada <ada-1@example\.org>/)
    const before = /before: (users 1, jobs 1098, mails 1)$/m.exec(first.output)?.[1]
    assert.ok(before, first.output)
    assert.ok(first.output.includes(`after:  ${before}; the job exists: false`), first.output)
    const db = new Database(join(folder, 'shop.db'), { readonly: true })
    assert.deepEqual(db.prepare('SELECT email FROM users').pluck().all(), ['ada-1@example.org'])
    db.close()
  })

  test('leaves results that another process reads by their id', async () => {
    const db = new Database(join(folder, 'shop.db'), { readonly: true })
    const job = db.prepare('SELECT job FROM report_jobs WHERE day = ?').pluck().get('2022-07-01') as string
    db.close()
    await using app = new Celeriac({ name: 'reader', database: join(folder, 'shop.db'), tasks: import.meta.url })
    const report = await app.result<{ revenue: number; orders: number }>(job).get({ timeout: '10s' })
    assert.equal(report.revenue, total(days.get('2022-07-01')!))
  })

  test('prints the next five slots of the schedule at 06:00 in Madrid, and runs it once now', () => {
    const slots = first.output.match(/^ +\S+, \d+ \S+ \d{4} at 06:00:00 CES?T$/gm)
    assert.equal(slots?.length, 5, first.output)
    assert.match(first.output, /triggered now: the report of 2022-12-31/)
  })

  test('shows earlier results in a second run, which serves sign-ups until Ctrl-C', async () => {
    const db = new Database(join(folder, 'shop.db'))
    db.prepare('INSERT INTO report_jobs (day, job, asked_at) VALUES (?, ?, ?)').run('2020-01-01', 'pruned', '2025')
    const coverage = db
      .prepare(
        "SELECT lines FROM celeriac_logs WHERE job IN (SELECT seq FROM celeriac_jobs WHERE schedule = 'daily-report')",
      )
      .pluck()
    const covered = () => coverage.all().map((lines) => /covers [\d, -]+/.exec(String(lines))?.[0])
    assert.deepEqual(covered(), ['covers 2022-12-31'])
    db.prepare('UPDATE celeriac_schedules SET last_success = ?').run(Date.now() - 3 * 86_400_000)
    const second = run(folder, '--serve', '--port', '0')
    const [, address] = await second.says(/open at (http:\S+) until Ctrl-C/)
    assert.match(second.output, /29,853 order lines, loaded by an earlier run/)
    // The report that is triggered goes back to the last success.
    assert.deepEqual(covered().at(-1), 'covers 2022-12-29, 2022-12-30, 2022-12-31')
    db.close()
    assert.match(second.output, /the 1 asked for at 2025 are past their retention/)
    assert.match(second.output, /1,096 reports from earlier runs are in the file/)
    const firstDay = days.get('2020-01-01')!
    const told = `revenue ${total(firstDay).toLocaleString('en-GB')}, best seller ${bestSeller(firstDay)}`
    assert.ok(second.output.includes(told), second.output)

    assert.match(await (await fetch(address!)).text(), /href="reports\/index\.html"/)
    assert.match(await (await fetch(new URL('reports/2021-03-14.html', address))).text(), /Sunday,? 14 March 2021/)
    assert.equal((await fetch(new URL('reports/..%2fshop.db', address))).status, 404)

    const post = (body: string) => fetch(new URL('users', address), { method: 'POST', body })
    const zoe = JSON.stringify({ name: 'Zoe', email: 'zoe@example.org' })
    const created = await post(zoe)
    assert.equal(created.status, 201)
    const { mail } = (await created.json()) as { mail: string }
    await second.says(/mail delivered to zoe@example\.org/)
    assert.equal((await fetch(new URL(mail, address))).status, 200)
    assert.equal((await post(zoe)).status, 409)
    assert.equal((await post('{"name": "Zoe"}')).status, 400)
    assert.equal((await post('no JSON')).status, 400)

    const [, admin] = await second.says(/tasks, their results and schedules: (http:\S+)/)
    const signedIn = await fetch(admin!, { redirect: 'manual' })
    const headers = { cookie: signedIn.headers.get('set-cookie')!.split(';')[0]! }
    const tasks = await (await fetch(new URL('task/', admin), { headers })).text()
    assert.match(tasks, /send_email.*generateReport/s)
    assert.match(await (await fetch(new URL('schedules/', admin), { headers })).text(), /At 06:00, Europe\/Madrid/)
    assert.equal((await fetch(new URL('task/', admin))).status, 401)
    // An open page does not keep the shop from closing.
    const live = await fetch(new URL('live', admin), { headers })
    assert.equal(live.status, 200)

    second.child.kill('SIGINT')
    await second.ended
    assert.equal(second.child.exitCode, 0, second.output)
    assert.equal(second.output.match(/mail delivered to/g)?.length, 1)
  })
})

interface Sale {
  category: string
  product: string
  orders: number
  revenue: number
}

/** Read here by hand, so that the example's own reading is not its judge; the file quotes nothing. */
function salesByDay(): Map<string, Sale[]> {
  const days = new Map<string, Sale[]>()
  for (const line of readFileSync(salesFile, 'utf8').trim().split('\n').slice(1)) {
    const [date, , category, product, , orders, revenue] = line.split(',') as [string, ...string[]]
    const day = date.slice(0, 10)
    if (!days.has(day)) days.set(day, [])
    days.get(day)!.push({ category: category!, product: product!, orders: Number(orders), revenue: Number(revenue) })
  }
  return days
}

function total(sales: readonly Sale[]): number {
  return sales.reduce((sum, sale) => sum + sale.revenue, 0)
}

function bestSeller(sales: readonly Sale[]): string {
  const better = (a: Sale, b: Sale) => a.orders > b.orders || (a.orders === b.orders && a.revenue > b.revenue)
  return sales.reduce((best, sale) => (better(sale, best) ? sale : best)).product
}

/** All that were started, so that a failed assertion leaves no server behind. */
const children: ChildProcess[] = []

interface Run {
  child: ChildProcess
  /** What it printed so far, errors included. */
  output: string
  ended: Promise<unknown>
  /** Resolves when the output matches; rejects when the program ends first or a minute has passed. */
  says(pattern: RegExp): Promise<RegExpExecArray>
}

function run(folder: string, ...options: string[]): Run {
  const child = spawn(process.execPath, [program, ...options], {
    env: { ...process.env, SHOP_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const ended = once(child, 'close')
  const started: Run = {
    child,
    output: '',
    ended,
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(started.output)
          if (found) settle(() => resolve(found))
        }
        const fail = (why: string) => settle(() => reject(new Error(`${why} without ${pattern}:\n${started.output}`)))
        const onClose = () => fail('ended')
        const timer = setTimeout(() => {
          child.kill('SIGKILL')
          fail('a minute passed')
        }, 60_000)
        const settle = (end: () => void) => {
          clearTimeout(timer)
          child.stdout.off('data', look)
          child.off('close', onClose)
          end()
        }
        child.stdout.on('data', look)
        child.on('close', onClose)
        look()
      }),
  }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      started.output += text
    })
  }
  return started
}
