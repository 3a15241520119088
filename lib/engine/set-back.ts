/** Notices that the wall clock was set back, until whoever must act on it has. */
export class SetBack {
  readonly #by: number
  #latest = Number.NEGATIVE_INFINITY
  #noticed = false

  /** @param by what is less is left to catch up, in ms */
  constructor(by: number) {
    this.#by = by
  }

  get noticed(): boolean {
    return this.#noticed
  }

  look(now: number): void {
    if (now < this.#latest - this.#by) this.#noticed = true
    this.#latest = now
  }

  /** It may have been while nobody looked. */
  suspect(): void {
    this.#noticed = true
  }

  /** What followed from it is stored. */
  settled(): void {
    this.#noticed = false
  }
}
