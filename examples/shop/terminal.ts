/** What the example prints: headings, lines, and progress that stays readable in a log file. */
import { Presets, SingleBar } from 'cli-progress'
import { formatNumber } from './format.ts'

const colours = process.stdout.isTTY && !process.env.NO_COLOR

export function heading(text: string): void {
  console.log(colours ? `\n\x1b[1m${text}\x1b[22m` : `\n${text}`)
}

export function line(text: string): void {
  console.log(`   ${text}`)
}

export interface Progress {
  to(done: number): void
  /** Ends it; returns how many a second there were. */
  end(): number
}

/** A bar on a terminal, otherwise a plain line at each quarter. */
export function progress(what: string, total: number): Progress {
  const begun = performance.now()
  const rate = (done: number) => Math.round((done * 1_000) / Math.max(1, performance.now() - begun))
  let last = 0
  if (!process.stdout.isTTY) {
    return {
      to: (done) => {
        const quarter = Math.floor((4 * done) / total)
        if (quarter > Math.floor((4 * last) / total)) {
          line(
            `${quarter * 25} % · ${formatNumber(done)} of ${formatNumber(total)} ${what} · ${formatNumber(rate(done))}/s`,
          )
        }
        last = done
      },
      end: () => rate(last),
    }
  }
  const bar = new SingleBar(
    { format: `   {bar} {percentage} % · {value} of {total} ${what} · {speed}/s`, hideCursor: true },
    Presets.shades_classic,
  )
  bar.start(total, 0, { speed: 0 })
  return {
    to: (done) => {
      last = done
      bar.update(done, { speed: formatNumber(rate(done)) })
    },
    end: () => {
      bar.stop()
      return rate(last)
    },
  }
}
