import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Installed, install, installNode, type NodeOfPeer, npmWatched } from './install.ts'
import type { Peer, Service } from './peer.ts'
import { type ServiceState, startService } from './services.ts'

export interface Place {
  readonly root: string
  readonly packages: string
  /** Told of each process, or as a negative number of each group, and of its end. */
  readonly watch: (pid: number, alive: boolean) => void
  readonly progress: (text: string) => void
}

export interface Prepared {
  readonly installed: Installed
  /** For the peers that do not run on this one. */
  readonly node?: NodeOfPeer | null
}

/** Some compile for a minute, in one thread. */
const AT_ONCE = 2

/** Starts the services that peers need, each once. What is missing is part of the answer. */
export async function startServices(peers: readonly Peer[], place: Place): Promise<Map<Service, ServiceState>> {
  const services = new Map<Service, ServiceState>()
  for (const { service } of peers) {
    if (service === null || services.has(service)) continue
    const state = await startService(service, join(place.root, service))
    services.set(service, state)
    if ('child' in state && state.child.pid !== undefined) place.watch(state.child.pid, true)
  }
  return services
}

/** Installs peers, some beside each other, and the release lines of Node that they need. */
export async function installPeers(peers: readonly Peer[], place: Place): Promise<Map<string, Prepared>> {
  const npm = npmWatched(place.watch)
  mkdirSync(place.packages, { recursive: true })
  const nodes = new Map<number, Awaited<ReturnType<typeof installNode>>>()
  for (const { node } of peers) {
    if (node === undefined || nodes.has(node)) continue
    place.progress(`Node ${node}: looking for it`)
    nodes.set(node, await installNode(join(place.packages, `node${node}`), node, npm))
  }
  const prepared = new Map<string, Prepared>()
  const waiting = [...peers]
  const one = async (peer: Peer): Promise<Prepared> => {
    const system = peer.system?.() ?? { versions: [] }
    if ('missing' in system) return { installed: system }
    const node = peer.node === undefined ? null : (nodes.get(peer.node) ?? null)
    if (node && 'missing' in node) return { installed: node }
    const { overrides = {} } = peer
    const installed = await install(join(place.packages, peer.name), peer.packages, npm, { node, overrides })
    if ('missing' in installed) return { installed }
    const versions = [...installed.versions, ...system.versions, ...(node ? [node.version] : [])]
    return { installed: { versions }, node }
  }
  await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      for (let peer = waiting.shift(); peer; peer = waiting.shift()) {
        const began = performance.now()
        if (peer.packages.length > 0) place.progress(`${peer.name}: installing`)
        const found = await one(peer)
        const { installed } = found
        const said = 'missing' in installed ? `not to be had: ${installed.missing}` : installed.versions.join(', ')
        place.progress(`${peer.name}: ${said || 'there'} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
        prepared.set(peer.name, found)
      }
    }),
  )
  return prepared
}
