/** What one repetition of one trial measured: named numbers. */
export type Sample = Readonly<Record<string, number>>

export interface TrialEnv {
  /** A fresh folder of this trial alone, removed afterwards. */
  readonly dir: string
  /** Kept for the whole run; holds what `prepare` built. */
  readonly shared: string
  /** Smaller sizes: a smoke test, not a measurement. */
  readonly quick: boolean
}

/** Runs in a process of its own; throws unless every job it asked for ended as it should. */
export type Trial = (env: TrialEnv) => Promise<Sample>

/**
 * One line of the table. `ours` and `baseline` name a number as `trial.metric`; medians over the repetitions are
 * compared. Without a bound the line is information only.
 */
export interface Figure {
  readonly name: string
  readonly unit: '/s' | 'ms' | '%' | 'MB'
  readonly ours: string
  readonly baseline?: string
  /** `ratio` ours ÷ baseline, `difference` ours − baseline, `value` ours alone. */
  readonly compare: 'ratio' | 'difference' | 'value'
  readonly least?: number
  readonly most?: number
}

export interface Case {
  readonly name: string
  /** What is done and counted. */
  readonly what: string
  /** What the baseline does, precisely. */
  readonly baseline: string
  readonly trials: Readonly<Record<string, Trial>>
  readonly figures: readonly Figure[]
  /** Run once before the first repetition, each in a process of its own; their numbers are dropped. */
  readonly prepare?: Readonly<Record<string, Trial>>
  /** Trials that run with every `fsync` delayed. */
  readonly slowDisk?: readonly string[]
  /** Runs the trials of a repetition side by side: only for trials that use next to no CPU. */
  readonly parallel?: boolean
  /** Why it cannot run here; null where it can. */
  readonly missing?: () => string | null
  /** Default 5. */
  readonly repetitions?: number
  /** Longest one trial may take, in seconds. Default 120. */
  readonly timeLimit?: number
}
