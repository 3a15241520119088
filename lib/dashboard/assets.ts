import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { styleSheet } from './style.ts'

export interface Asset {
  type: string
  body: string
}

const SCRIPT = 'text/javascript; charset=utf-8'
const STYLE = 'text/css; charset=utf-8'
const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 26" fill="none" stroke="#3d8b4f" stroke-width="2.2" stroke-linecap="round"><path d="M13 24c-4.600 0-7.600-2.700-7.600-6.400 0-3.300 2.900-5.400 7.600-5.400s7.600 2.100 7.600 5.400c0 3.700-3 6.400-7.600 6.400ZM10.400 12.500C10 9 8.400 6.600 6 5M13 12.200V2.500M15.600 12.500C16 9 17.600 6.600 20 5"/></svg>`

/** The client's own modules; nothing else in the folder is served. */
const CLIENT_FILES = [
  'main.js',
  'address.js',
  'chart.js',
  'events.js',
  'keys.js',
  'live.js',
  'merge.js',
  'search.js',
  'theme.js',
  'times.js',
]

const here = import.meta.url
const require = createRequire(here)

/** Read when the first page asks for it, and kept: the package does not change under a running program. */
let assets: Map<string, Asset> | undefined

function load(): Map<string, Asset> {
  const ofUplot = (file: string): string => readFileSync(require.resolve(`uplot/dist/${file}`), 'utf8')
  return new Map([
    ['style.css', { type: STYLE, body: styleSheet }],
    ['icon.svg', { type: 'image/svg+xml', body: ICON }],
    ['uplot.css', { type: STYLE, body: ofUplot('uPlot.min.css') }],
    ['uplot.js', { type: SCRIPT, body: ofUplot('uPlot.esm.js') }],
    ...CLIENT_FILES.map((file): [string, Asset] => [
      `client/${file}`,
      { type: SCRIPT, body: readFileSync(new URL(`../dashboard/client/${file}`, here), 'utf8') },
    ]),
  ])
}

export function asset(name: string): Asset | undefined {
  assets ??= load()
  return assets.get(name)
}

let build: string | undefined

/** Changes with any file that is served. */
export function buildOf(): string {
  assets ??= load()
  build ??= createHash('sha256')
    .update([...assets.values()].map(({ body }) => body).join('\0'))
    .digest('hex')
    .slice(0, 12)
  return build
}
