import { existsSync, readFileSync } from 'node:fs'
import { SourceMap } from 'node:module'
import { fileURLToPath } from 'node:url'

/** The parts of V8's CPU profile that are used. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: {
      readonly functionName: string
      readonly url: string
      /** From 0, as the column. */
      readonly lineNumber: number
      readonly columnNumber: number
    }
    readonly children?: readonly number[]
  }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

export interface Frame {
  readonly name: string
  /** File and line, as short as it stays telling. */
  readonly place: string
  /** Microseconds in it and in what it called. */
  total: number
  readonly children: Map<string, Frame>
}

/** Of no function: nothing to see in a flame graph but that a thread waited. */
const IDLE = '(idle)'

/** Who called whom for how long; recursion stays, the same function called by the same callers is one frame. */
export function framesOf({ nodes, samples, timeDeltas }: CpuProfile): Frame {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)))
  const root: Frame = { name: 'all', place: '', total: 0, children: new Map() }
  const frames = new Map<number, Frame[]>()
  const pathOf = (id: number): Frame[] => {
    const known = frames.get(id)
    if (known) return known
    const parent = parents.get(id)
    const above = parent === undefined ? [root] : pathOf(parent)
    const node = byId.get(id)
    if (parent === undefined || !node) return above
    const [name, place] = [node.callFrame.functionName || '(anonymous)', placeOf(node.callFrame)]
    const key = `${name} ${place}`
    const last = above.at(-1) as Frame
    const frame = last.children.get(key) ?? { name, place, total: 0, children: new Map() }
    last.children.set(key, frame)
    const path = [...above, frame]
    frames.set(id, path)
    return path
  }
  for (const [at, id] of samples.entries()) {
    if (byId.get(id)?.callFrame.functionName === IDLE) continue
    for (const frame of pathOf(id)) frame.total += timeDeltas[at] ?? 0
  }
  return root
}

function placeOf({ url, lineNumber, columnNumber }: CpuProfile['nodes'][number]['callFrame']): string {
  if (url === '') return ''
  const module = /\/chunks\/[^/]+$/.test(url) ? moduleOf(url, lineNumber, columnNumber) : null
  if (module) return module
  const path = url
    .replace(/^file:\/\//, '')
    .replace(/^.*\/node_modules\//, '')
    .replace(/^.*\/dist\//, '')
  return `${path}:${lineNumber + 1}`
}

const maps = new Map<string, SourceMap | null>()

/** Where a line of a chunk comes from; null where that is not told. */
function moduleOf(url: string, line: number, column: number): string | null {
  let map = maps.get(url)
  if (map === undefined) {
    const file = `${fileURLToPath(url)}.map`
    map = existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : null
    maps.set(url, map)
  }
  const entry = map?.findEntry(line, column)
  if (!entry || !('originalSource' in entry)) return null
  return `${entry.originalSource.replace(/^.*\/modules\//, 'lib/')}:${entry.originalLine + 1}`
}

/** Which thread it is, by what it spent its time in: V8 numbers threads and does not name them. */
export function threadOf(root: Frame, id: number): string {
  const places = new Set<string>()
  const visit = (frame: Frame): void => {
    places.add(frame.place.replace(/:\d+$/, ''))
    for (const child of frame.children.values()) visit(child)
  }
  visit(root)
  const has = (part: string) => [...places].some((place) => place.startsWith(part))
  if (has('lib/engine/')) return 'engine'
  if (has('lib/worker/lane-runner')) return `pool thread ${id}`
  return id === 0 ? 'application' : `thread ${id}`
}
