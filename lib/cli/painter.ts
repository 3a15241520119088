/** How a piece of text is meant; each has one look. */
export type Meaning = 'plain' | 'heading' | 'good' | 'bad' | 'busy' | 'quiet' | 'strong'

/** What text is drawn on. */
export interface Painter {
  /** Columns; without end where there is no screen. */
  readonly width: number
  paint(meaning: Meaning, text: string): string
}
