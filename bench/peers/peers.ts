import { bullmq } from './adapters/bullmq.ts'
import { celeriac } from './adapters/celeriac.ts'
import { celery } from './adapters/celery.ts'
import { graphileWorker } from './adapters/graphile-worker.ts'
import { liteque } from './adapters/liteque.ts'
import { pgBoss } from './adapters/pg-boss.ts'
import { plainjob } from './adapters/plainjob.ts'
import { sidequest } from './adapters/sidequest.ts'
import type { Peer } from './peer.ts'

export const PEERS: readonly Peer[] = [celeriac, plainjob, liteque, sidequest, bullmq, pgBoss, graphileWorker, celery]

export function peerNamed(name: string): Peer {
  const peer = PEERS.find((each) => each.name === name)
  if (!peer) throw new Error(`no peer '${name}'; there are ${PEERS.map((each) => each.name).join(', ')}`)
  return peer
}
