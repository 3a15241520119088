import type { Finding } from '../../wire/care.ts'

/** Writes down what is found. */
export class Findings {
  readonly list: Finding[] = []

  ok(check: string, said: string): void {
    this.list.push({ check, level: 'ok', said, fix: null })
  }

  warn(check: string, said: string, fix: string): void {
    this.list.push({ check, level: 'warning', said, fix })
  }

  error(check: string, said: string, fix: string): void {
    this.list.push({ check, level: 'error', said, fix })
  }
}
