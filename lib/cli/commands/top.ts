import { emitKeypressEvents, type Key } from 'node:readline'
import type { Reader } from '../../reader.ts'
import type { Call } from '../command.ts'
import { wrongUse } from '../exit.ts'
import { recorded } from '../recorded.ts'
import { type Deed, pressed } from '../top/keys.ts'
import { render } from '../top/render.ts'
import { FIRST_STATE, type Seen, type TopState } from '../top/state.ts'

const LOOK_EVERY = 1_000
const MINUTES = 10
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

/** The live view: looks at the file each second, and steers by keys. */
export async function run(call: Call): Promise<undefined> {
  const { terminal, opening, json } = call
  if (json) wrongUse('top is for a screen; status --json and events --follow --json are for programs')
  const { input, output } = terminal
  if (!output.isTTY || !terminal.interactive) wrongUse('top needs a terminal; status prints the same once')
  const reader = await opening.reader()
  let state: TopState = FIRST_STATE
  state = { ...state, seen: await look(reader, null) }

  const draw = (): void => {
    const text = render(state, {
      width: terminal.width,
      height: output.rows || 24,
      paint: (meaning, piece) => terminal.paint(meaning, piece),
    })
    output.write(
      `${HOME}${text
        .split('\n')
        .map((line) => `${line}${CLEAR_LINE}`)
        .join('\r\n')}${CLEAR_BELOW}`,
    )
  }
  output.write(ENTER)
  emitKeypressEvents(input)
  input.setRawMode(true)
  input.resume()
  let quit: () => void = () => {}
  const over = new Promise<void>((resolve) => {
    quit = resolve
  })
  const act = async (deed: Deed): Promise<void> => {
    if (deed.do === 'quit') return quit()
    state = { ...state, notice: `${deed.do} ${deed.target} …` }
    draw()
    const notice = await done(call, deed).catch((error: Error) => error.message)
    state = { ...state, notice }
    draw()
  }
  input.on('keypress', (character: string | undefined, key: Key) => {
    const after = pressed(state, nameOf(character, key))
    state = after.state
    draw()
    if (after.deed) void act(after.deed)
  })
  output.on('resize', draw)
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => quit())
  let looking = false
  const timer = setInterval(() => {
    if (looking) return
    looking = true
    look(reader, state.seen)
      .then((seen) => {
        state = { ...state, seen }
      })
      .catch((error: Error) => {
        state = { ...state, notice: error.message }
      })
      .finally(() => {
        looking = false
        draw()
      })
  }, LOOK_EVERY)
  try {
    draw()
    await over
  } finally {
    clearInterval(timer)
    input.setRawMode(false)
    input.pause()
    output.write(LEAVE)
  }
}

async function look(reader: Reader, before: Seen | null): Promise<Seen> {
  const [overview, workers, queues, throughput, totals] = await Promise.all([
    reader.overview(),
    reader.workers(),
    reader.queues(),
    reader.throughput({ minutes: MINUTES }),
    reader.totals(),
  ])
  const ended = totals.reduce(
    (sum, { success, failure, revoked, expired }) => sum + success + failure + revoked + expired,
    0,
  )
  const seconds = before ? (overview.at - before.overview.at) / 1_000 : 0
  const endedPerSecond = before && seconds > 0 ? (ended - before.ended) / seconds : null
  return { overview, workers, queues, throughput, ended, endedPerSecond }
}

function nameOf(character: string | undefined, key: Key): string {
  if (key.ctrl && key.name === 'c') return 'ctrl+c'
  if (key.name === 'up' || key.name === 'down' || key.name === 'tab') return key.name
  return character ?? ''
}

/** Steers, and says what came of it. */
async function done({ opening }: Call, deed: Exclude<Deed, { do: 'quit' }>): Promise<string> {
  const app = await opening.producer()
  const { control } = app
  const { target } = deed
  if (deed.do === 'pause') {
    await recorded(app, 'pause queue', target, () => control.pause({ queue: target }))
    return `queue "${target}" is paused`
  }
  if (deed.do === 'resume') {
    await recorded(app, 'resume queue', target, () => control.resume({ queue: target }))
    return `queue "${target}" goes on`
  }
  const terminate = deed.do === 'terminate'
  const number = await recorded(app, terminate ? 'revoke and terminate' : 'revoke', target, () =>
    control.revoke(target, { terminate }),
  )
  return number > 0 ? `job ${target} was told to end` : `job ${target} has ended already`
}
