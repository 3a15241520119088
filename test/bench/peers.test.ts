import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { crashSample, fill, QUICK, readCrashLog, sized } from '../../bench/peers/cases.ts'
import { Counter } from '../../bench/peers/counter.ts'
import { install, installNode, type RunNpm, reasonOf } from '../../bench/peers/install.ts'
import { arrivalWait } from '../../bench/peers/loop-wait.ts'
import type { Queue } from '../../bench/peers/peer.ts'
import { earlier, type Growing, joined } from '../../bench/peers/pieces.ts'
import { fileName, overview, plot } from '../../bench/peers/plot.ts'
import { COLUMNS, type Column, markdown, OVERVIEW, type PeerReport, type Report } from '../../bench/peers/report.ts'
import { find, startService } from '../../bench/peers/services.ts'
import { usageOf } from '../../bench/peers/usage.ts'
import { temporaryFolder } from '../fixtures/folder.ts'

const peer = (name: string, rest: Partial<PeerReport>): PeerReport => ({
  name,
  versions: [`${name} 1.2.3`],
  settings: 'as | documented',
  durability: 'synced',
  runsIn: 'threads',
  roundTripBy: 'get()',
  cases: {},
  ...rest,
})

const REPORT: Report = {
  date: '2026-01-02',
  machine: 'a processor, 2 cores\nNode v20',
  quick: false,
  repetitions: 3,
  threads: 2,
  minutes: 31.4,
  crashWait: 90,
  sizes: 'drain=50000,idle=8',
  asked: 50_000,
  peers: [
    peer('ours', {
      cases: {
        drain: [
          { sample: { perSecond: 40_000 } },
          { sample: { perSecond: 20_000 } },
          { sample: { perSecond: 30_000, jobs: 50_000 } },
        ],
        crash: [{ sample: { seconds: 0.25, missing: 0, twice: 1 } }],
      },
    }),
    peer('other', {
      cases: {
        bulk: [{ sample: null }],
        drain: [{ sample: { perSecond: 15_000, jobs: 1_234 } }],
        backlog: [{ sample: { queued: 1_000, perSecond: Number.NaN, finished: Number.NaN, p50: Number.NaN } }],
        cpu: [{ sample: { seconds: 1, loopP99: 2 } }, { failed: 'its process ended with 1: <no> | yes' }],
        crash: [{ sample: { seconds: Number.NaN, missing: 3, twice: 0 } }],
      },
    }),
    peer('absent', { versions: [], missing: 'No matching version' }),
  ],
}

const column = (name: string, metric: string): Column => {
  const found = COLUMNS.find((each) => each.case === name && each.metric === metric)
  assert.ok(found)
  return found
}

/** The cells of the rows of a peer in all tables, by the titles of the columns. */
function row(text: string, name: string): Record<string, string> {
  const cells = (line: string | undefined) => (line ?? '').split(/(?<!\\)\|/).map((each) => each.trim())
  const tables = text.split('\n\n').map((part) => part.split('\n').filter((line) => line.startsWith('|')))
  return Object.fromEntries(
    tables.flatMap((lines) => {
      const found = cells(lines.find((line) => line.startsWith(`| ${name} |`)))
      return cells(lines[0]).map((title, i) => [title, found[i] ?? ''])
    }),
  )
}

describe('report of the peers', () => {
  const text = markdown(REPORT)

  it('gives the median, and says why where there is none', () => {
    assert.equal(row(text, 'ours').drain, '30,000/s')
    assert.equal(row(text, 'ours')['runs again after kill -9'], '0.25 s')
    assert.equal(row(text, 'ours')['ran twice'], '1')
    assert.equal(row(text, 'ours')['fib(27)'], 'not run')
    assert.equal(row(text, 'other')['enqueue, in bulk'], '–')
    assert.equal(row(text, 'other')['fib(27)'], 'failed')
    assert.equal(row(text, 'other')['runs again after kill -9'], 'not within 90 s')
    assert.equal(row(text, 'other')['acknowledged, not run'], '3')
    assert.equal(row(text, 'other')['drain of the backlog'], 'too few were left')
    assert.equal(row(text, 'other')['round trip p50 after it'], 'not in time')
    assert.equal(row(text, 'other')['idle CPU'], undefined)
  })

  it('names who ran fewer jobs than the others', () => {
    assert.match(text, /^- other, drain: 1,234 of 50,000$/m)
    assert.doesNotMatch(text, /^- ours, drain/m)
  })

  it('names what could not be measured, with the reason and no figures', () => {
    assert.match(text, /^- absent: No matching version$/m)
    assert.match(text, /^- other, cpu: its process ended with 1: <no> \\\| yes$/m)
    assert.doesNotMatch(text, /^\| absent/m)
  })

  it('says on what, how durable and with which settings', () => {
    assert.match(text, /a processor, 2 cores; Node v20; 2026-01-02/)
    assert.match(text, /^Sizes: drain=50000,idle=8\. Took 31\.4 minutes\.$/m)
    assert.match(text, /\| other \| other 1\.2\.3 \| threads \| synced \| as \\\| documented \| get\(\) \|/)
  })

  it('reads the same from JSON, where what never happened is null', () => {
    assert.equal(markdown(JSON.parse(JSON.stringify(REPORT)) as Report), text)
  })
})

describe('plots of the peers', () => {
  const widths = (svg: string) =>
    [...svg.matchAll(/<rect x="\d+" y="\d+" width="([\d.]+)"/g)].map((each) => Number(each[1]))

  it('draws bars from nothing, in proportion, with the spread', () => {
    const svg = plot(REPORT, column('drain', 'perSecond'))
    const [ours, other] = widths(svg)
    assert.equal(widths(svg).length, 2)
    assert.ok(Math.abs((ours as number) / (other as number) - 2) < 0.01)
    assert.equal(svg.match(/<line /g)?.length, 1)
    assert.match(svg, /prefers-color-scheme: dark/)
    assert.match(svg, />30,000\/s</)
    assert.match(svg, />not run</)
  })

  it('draws no bar for what never happened, and is well-formed', () => {
    const crashed = plot(REPORT, column('crash', 'seconds'))
    assert.equal(widths(crashed).length, 1)
    assert.match(crashed, />not within 90 s</)
    const odd = plot({ ...REPORT, peers: [peer('<a & "b">', {})] }, column('cpu', 'seconds'))
    assert.match(odd, />&lt;a &amp; &quot;b&quot;&gt;</)
  })

  it('puts several on one card', () => {
    const svg = overview(REPORT, OVERVIEW)
    assert.equal(svg.match(/<svg /g)?.length, 1)
    assert.equal(svg.match(/<g transform=/g)?.length, OVERVIEW.length)
    assert.ok(OVERVIEW.some(({ metric }) => metric === 'loopP99'))
  })

  it('gives every column a file of its own', () => {
    assert.equal(new Set(COLUMNS.map(fileName)).size, COLUMNS.length)
  })
})

describe('what the cases find out', () => {
  it('the wait of random moments, in which one long block weighs what it lasts', () => {
    assert.ok(Math.abs(arrivalWait(Array(1_000).fill(1), 0.99) - 0.99) < 0.001)
    // Half of the time is one gap of a second: of the moments in it, 2 % wait for more than 980 ms.
    assert.ok(Math.abs(arrivalWait([...Array(1_000).fill(1), 1_000], 0.99) - 980) < 0.01)
    assert.equal(arrivalWait([], 0.99), 0)
  })

  it('the sizes of a run, by name', () => {
    assert.deepEqual(sized(QUICK, 'drain=7,idle=0.5'), { ...QUICK, drain: 7, idle: 0.5 })
    assert.deepEqual(sized(QUICK, ''), QUICK)
    assert.throws(() => sized(QUICK, 'drian=7'), /no size 'drian'; there are enqueue, bulk/)
    assert.throws(() => sized(QUICK, 'drain=many'), /not a number above 0/)
  })

  it('as many jobs as can be stored in the time for it', async () => {
    let stored = 0
    const queue = { enqueueMany: null, enqueue: async () => void stored++ } as unknown as Queue
    assert.equal(await fill(queue, 250, 60), 250)
    assert.equal(await fill(queue, 250, 0), 100)
    assert.equal(stored, 350)
  })

  it('how much time has passed, also while jobs let no timer run', async () => {
    const counter = new Counter()
    let over = false
    const waited = counter.wait(20).then(() => (over = true))
    const began = performance.now()
    // Microtasks only, as of a worker that finds its next job without waiting for anything.
    for (let i = 0; i < 1e9 && !over; i++) {
      counter.add()
      await null
    }
    assert.ok(over && performance.now() - began >= 20)
    await waited
    await counter.wait(1)
  })

  it('what a process and its children use', { skip: process.platform !== 'linux' && 'there is no /proc' }, async () => {
    const child = fork(fileURLToPath(new URL('../fixtures/busy-child.js', import.meta.url)))
    try {
      await once(child, 'message')
      const found = usageOf([child.pid as number])
      assert.ok(found && found.cpu >= 0.2 && found.memory > 5, JSON.stringify(found))
      const ours = usageOf([process.pid])
      assert.ok(ours && ours.memory > found.memory, 'a child is counted with its parent')
    } finally {
      child.kill('SIGKILL')
    }
  })

  it('what a kill cost, from the log of both processes', () => {
    const log = readCrashLog('victim 0\nvictim 1\nheld 2\nsurvivor 1\nsurvivor 2\n')
    assert.deepEqual(log, { victim: [0, 1], survivor: [1, 2], held: true })
    assert.deepEqual(crashSample(log, 5), { missing: 2, twice: 1 })
    assert.throws(() => crashSample(log, 2), /nobody asked for/)
  })
})

describe('what cannot be had', () => {
  it('is reported with what npm said, without addresses and paths of logs', async () => {
    const said = [
      'npm error code ETARGET',
      'npm error notarget No matching version found for peer@1.0.0 at https://somewhere.example/peer.',
      'npm error A complete log of this run can be found in: /home/me/.npm/_logs/1.log',
    ].join('\n')
    const found = await install(temporaryFolder(), ['peer'], async () => ({ ok: false, output: said }))
    assert.deepEqual(found, { missing: 'notarget No matching version found for peer@1.0.0 at the registry' })
    assert.equal(reasonOf(''), 'npm failed and did not say why')
  })

  it('is no peer though npm is content, when the package is not there', async () => {
    const found = await install(temporaryFolder(), ['peer'], async () => ({ ok: true, output: '' }))
    assert.ok('missing' in found && found.missing.includes('peer is not there'))
  })

  it('is told from what can: versions are read from what was installed', async () => {
    const found = await install(temporaryFolder(), ['@a/peer'], async (folder) => {
      mkdirSync(join(folder, 'node_modules/@a/peer'), { recursive: true })
      writeFileSync(join(folder, 'node_modules/@a/peer/package.json'), '{ "version": "4.5.6" }')
      return { ok: true, output: '' }
    })
    assert.deepEqual(found, { versions: ['@a/peer 4.5.6'] })
  })

  it('is installed once into a folder that is kept, with its versions held', async () => {
    const [folder, calls] = [temporaryFolder(), [] as string[]]
    const npm: RunNpm = async (to, args) => {
      calls.push(args.at(-1) as string)
      mkdirSync(join(to, 'node_modules/peer'), { recursive: true })
      writeFileSync(join(to, 'node_modules/peer/package.json'), '{ "version": "1.0.0" }')
      return { ok: true, output: '' }
    }
    for (const wanted of ['peer@1', 'peer@1', 'peer@2'])
      assert.deepEqual(await install(folder, [wanted], npm, { overrides: { part: '3' } }), { versions: ['peer 1.0.0'] })
    assert.deepEqual(calls, ['peer@1', 'peer@2'])
    const written = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { overrides: object }
    assert.deepEqual(written.overrides, { part: '3' })
  })

  it('gets a Node of its own only where ours is older', async () => {
    const npm: RunNpm = async () => ({ ok: false, output: 'npm error no such release' })
    assert.equal(await installNode(temporaryFolder(), 20, npm), null)
    assert.deepEqual(await installNode(temporaryFolder(), 999, npm), { missing: 'no such release' })
  })

  it('is a service without its program', async () => {
    assert.equal(find('redis-server', [temporaryFolder()]), null)
    const path = process.env.PATH
    try {
      process.env.PATH = temporaryFolder()
      assert.deepEqual(await startService('redis', temporaryFolder()), {
        missing: 'no redis-server or valkey-server on PATH',
      })
    } finally {
      process.env.PATH = path
    }
  })

  it('is a line of a run that measures the rest, in pieces, and no run leaves anything behind', {
    timeout: 240_000,
  }, async () => {
    const [bin, dir, out] = [temporaryFolder(), temporaryFolder(), temporaryFolder()]
    writeFileSync(join(bin, 'npm'), '#!/bin/sh\necho "npm error 404 no such thing" >&2\nexit 1\n')
    chmodSync(join(bin, 'npm'), 0o755)
    const main = fileURLToPath(new URL('../../bench/peers/main.js', import.meta.url))
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` }
    const run = (...args: string[]) =>
      promisify(execFile)(process.execPath, [main, '--peers', 'celeriac,plainjob', '--dir', dir, ...args], { env })
    const { stdout: first } = await run('--only', 'drain', '--quick', '--out', out)
    const { stdout } = await run('--only', 'drain,idle,crash', '--quick', '--out', out, '--resume')
    assert.match(stdout, /^- plainjob: 404 no such thing$/m)
    assert.match(row(stdout, 'celeriac').drain as string, /^[\d,.]+\/s$/)
    assert.equal(row(stdout, 'celeriac').drain, row(first, 'celeriac').drain)
    assert.equal(row(stdout, 'celeriac')['acknowledged, not run'], '0')
    if (process.platform === 'linux') assert.match(row(stdout, 'celeriac').memory as string, /^\d[\d.]* MB$/)
    assert.equal(readFileSync(join(out, 'peers.md'), 'utf8'), stdout)
    assert.ok(readdirSync(out).includes(fileName(column('drain', 'perSecond'))))
    await assert.rejects(run('--resume', '--out', out), {
      code: 2,
      stderr: /measured with quick true, and this run has false/,
    })
    await assert.rejects(run('--install', '--packages', join(out, 'packages')), {
      code: 1,
      stderr: /^plainjob: not to be had: 404 no such thing/m,
    })
    assert.deepEqual(readdirSync(dir), [])
  })
})

describe('a report in pieces', () => {
  const piece = (name: string, rest: Partial<Growing>): Growing => ({ ...peer(name, {}), cases: {}, ...rest })
  const [quick, slow] = [{ sample: { perSecond: 2 } }, { sample: { perSecond: 1 } }]

  it('keeps what was measured and not what failed', () => {
    const text = JSON.stringify({
      ...REPORT,
      peers: [piece('a', { cases: { drain: [quick, { failed: 'no' }], cpu: [slow] } })],
    })
    assert.deepEqual(earlier(text, REPORT)[0]?.cases, { drain: [quick], cpu: [slow] })
  })

  it('is refused when it was measured in another way', () => {
    const text = JSON.stringify(REPORT)
    assert.deepEqual(
      earlier(text, REPORT).map(({ name }) => name),
      ['ours', 'other', 'absent'],
    )
    assert.throws(() => earlier(text, { ...REPORT, threads: 4 }), /measured with threads 2, and this run has 4/)
    assert.throws(() => earlier(text, { ...REPORT, sizes: 'drain=1' }), /measured with sizes "drain=50000,idle=8"/)
  })

  it('has of each peer what either run could measure, of one version', () => {
    const measured = piece('a', { cases: { drain: [quick] } })
    assert.equal(joined(measured, undefined), measured)
    assert.deepEqual(joined(piece('a', {}), measured).cases, measured.cases)
    assert.equal(joined(piece('a', { versions: [], missing: 'no network' }), measured), measured)
    assert.deepEqual(joined(piece('a', {}), piece('a', { versions: [], missing: 'no network' })), piece('a', {}))
    assert.throws(() => joined(piece('a', { versions: ['a 2'] }), measured), /the report has a 1.2.3, and this run a 2/)
  })
})
