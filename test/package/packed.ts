/**
 * Packs the package, installs the tarball into empty projects by each supported Node, and runs there the first code
 * block of README.md: as JavaScript, where Node strips types also as a TypeScript module, by tsx with the loader that
 * README.md gives to pool threads, and joined by esbuild. Needs the npm registry: the other Nodes come as packages, so this
 * is a step of CI and no part of `npm test`.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { firstJavaScriptBlock, moduleBlock } from './readme-code.ts'

const checkout = join(import.meta.dirname, '../../..')
const tsc = join(checkout, 'node_modules/typescript/bin/tsc')
const readme = await readFile(join(checkout, 'README.md'), 'utf8')
const tenLines = firstJavaScriptBlock(readme)
const threadLoader = moduleBlock(readme)
const manifest = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as { version: string }
const emptyPackage = '{ "name": "empty", "private": true, "type": "module" }\n'

/** Which better-sqlite3 npm must choose: 13 needs the Node-API of Node 22.14; 12 is compiled for each Node. */
const drivers = new Map([
  [20, 12],
  [22, 13],
  [24, 13],
  [26, 13],
])

/** A page of the dashboard, and the icon, style sheets and script that it asks for. */
const dashboardProgram = `
import { Celeriac } from 'celeriac'
import { createDashboard } from 'celeriac/dashboard'
const app = new Celeriac({ database: 'admin.db' })
const dashboard = createDashboard(app, { auth: () => true })
const get = (path) => dashboard.fetch(new Request('http://localhost/' + path))
const page = await get('task/')
const assets = [...(await page.text()).matchAll(/="[.][.]\\/(static[^"]+)"/g)].map(([, path]) => get(path))
console.log(page.status, ...(await Promise.all(assets)).map(({ status }) => status))
await app.stop()
`

interface Ran {
  stdout: string
  stderr: string
}

async function run(cwd: string, command: string, args: string[]): Promise<Ran> {
  // Compiling better-sqlite3 12 takes more than a minute on a small machine.
  const limits = { timeout: 8 * 60_000, maxBuffer: 64 * 1024 * 1024 }
  const child = promisify(execFile)(command, args, { cwd, ...limits })
  child.child.stdin?.end()
  try {
    return await child
  } catch (error) {
    const { stdout, stderr, message } = error as Ran & Error
    throw new Error(stdout === undefined ? message : `${command} ${args.join(' ')} failed:\n${stdout}\n${stderr}`)
  }
}

/** Runs a shell line with the given Node first in PATH, so that npm too runs on it and chooses packages for it. */
function runOn(major: number, cwd: string, line: string): Promise<Ran> {
  if (process.versions.node.startsWith(`${major}.`)) return run(cwd, 'sh', ['-c', line])
  return run(cwd, 'npx', ['--yes', `--package=node@${major}`, '--call', line])
}

function assertFive(ran: Ran, what: string): void {
  if (!ran.stdout.split('\n').includes('5')) {
    throw new Error(`${what} did not print 5 but:\n${ran.stdout}\n${ran.stderr}`)
  }
}

function stripsTypes(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18)
}

async function checkOn(major: number, root: string, tarball: string): Promise<string> {
  const project = join(root, `node-${major}`)
  await mkdir(join(project, 'typed'), { recursive: true })
  await writeFile(join(project, 'package.json'), emptyPackage)
  await runOn(major, project, `npm install --no-audit --no-fund ${tarball} tsx@4`)

  const version = (await runOn(major, project, 'node --print process.versions.node')).stdout.trim()
  if (!version.startsWith(`${major}.`)) throw new Error(`asked for Node ${major}, got ${version}`)
  const driver = JSON.parse(await readFile(join(project, 'node_modules/better-sqlite3/package.json'), 'utf8'))
  if (Number.parseInt(driver.version, 10) !== drivers.get(major)) {
    throw new Error(`Node ${version} got better-sqlite3 ${driver.version}, not ${drivers.get(major)}`)
  }

  const done = [`Node ${version}`, `better-sqlite3 ${driver.version}`]
  await writeFile(join(project, 'app.js'), tenLines)
  assertFive(await runOn(major, project, 'node app.js'), `app.js on Node ${version}`)
  done.push('app.js → 5')

  const { stdout: told } = await runOn(major, project, './node_modules/.bin/celeriac --version')
  if (told.trim() !== manifest.version) throw new Error(`celeriac --version on Node ${version} said ${told}`)
  const inspected = await runOn(major, project, './node_modules/.bin/celeriac tasks --json --database var/celeriac.db')
  const states = (JSON.parse(inspected.stdout) as { state: string }[]).map(({ state }) => state)
  if (states.join() !== 'SUCCESS') throw new Error(`celeriac tasks on Node ${version} found ${inspected.stdout}`)
  await runOn(major, project, './node_modules/.bin/celeriac inspect workers --database var/celeriac.db')
  done.push('the command')

  if (stripsTypes(version)) {
    await writeFile(join(project, 'typed/app.ts'), `export type OnlyStrippingRunsThis = string\n${tenLines}`)
    assertFive(await runOn(major, join(project, 'typed'), 'node app.ts'), `app.ts on Node ${version}`)
    done.push('app.ts → 5')
  }

  const byTsx = tenLines.replace(
    'tasks: import.meta.url',
    "tasks: import.meta.url, pool: { execArgv: ['--import', './threads.mjs'] }",
  )
  await writeFile(join(project, 'typed/threads.mjs'), threadLoader)
  await writeFile(join(project, 'typed/enum.ts'), `export enum Colour { OnlyCompilingRunsThis }\n${byTsx}`)
  assertFive(
    await runOn(major, join(project, 'typed'), 'node --import tsx enum.ts'),
    `enum.ts by tsx on Node ${version}`,
  )
  done.push('enum.ts by tsx → 5')

  const bundling = 'esbuild app.js --bundle --packages=external --platform=node --format=esm --outfile=bundle.js'
  await runOn(major, project, `./node_modules/.bin/${bundling}`)
  assertFive(await runOn(major, project, 'node bundle.js'), `bundle.js on Node ${version}`)
  done.push('bundle.js → 5')

  await writeFile(join(project, 'admin.js'), dashboardProgram)
  const shown = (await runOn(major, project, 'node admin.js')).stdout.trim()
  if (shown !== '200 200 200 200 200') throw new Error(`the dashboard on Node ${version} answered ${shown}`)
  done.push('dashboard')

  const required = `console.log(typeof require('celeriac').Celeriac)`
  const { stdout } = await runOn(major, project, `node --input-type=commonjs --eval "${required}"`)
  if (stdout.trim() !== 'function') throw new Error(`require('celeriac') on Node ${version} gave ${stdout}`)
  done.push('require()')
  return done.join(' · ')
}

/** A strict project without better-sqlite3's or piscina's types must be able to check its code against ours. */
async function checkTypes(root: string, installed: string): Promise<string> {
  const project = join(root, 'types')
  await cp(join(checkout, 'test/package/consumer'), project, { recursive: true })
  // Written only here: in the checkout it would hide the package's own name from the compiler.
  await writeFile(join(project, 'package.json'), emptyPackage)
  await mkdir(join(project, 'node_modules/@types'), { recursive: true })
  await cp(join(installed, 'node_modules/celeriac'), join(project, 'node_modules/celeriac'), { recursive: true })
  for (const types of ['@types/node', 'undici-types']) {
    await cp(join(checkout, 'node_modules', types), join(project, 'node_modules', types), { recursive: true })
  }
  await run(project, process.execPath, [tsc, '-p', '.'])
  return 'a strict TypeScript project compiles against the declarations'
}

const root = await mkdtemp(join(tmpdir(), 'celeriac-packed-'))
try {
  await run(checkout, 'npm', ['pack', '--pack-destination', root])
  const tarball = join(root, (await readdir(root)).find((file) => file.endsWith('.tgz'))!)
  // Two lanes for two cores: Node 20 compiles its driver meanwhile.
  const lanes = [[20], [22, 24, 26]].map(async (majors) => {
    for (const major of majors) console.log(`✔ ${await checkOn(major, root, tarball)}`)
  })
  const outcomes = await Promise.allSettled(lanes)
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  console.log(`✔ ${await checkTypes(root, join(root, 'node-22'))}`)
} catch (error) {
  console.error(`✖ ${(error as Error).message}`)
  process.exitCode = 1
} finally {
  await rm(root, { recursive: true, force: true })
}
