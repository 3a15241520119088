import type { StoredOptions } from './option-shapes.ts'
import { readJson, UNREADABLE } from './stored-json.ts'
import { isStoredOptions } from './stored-options-check.ts'

export type { GateKeys, StoredLink, StoredOptions } from './option-shapes.ts'

const NONE: Readonly<StoredOptions> = Object.freeze({})
const DAMAGED: Readonly<StoredOptions> = Object.freeze({})

let lastText: string | null = null
let last = NONE

/**
 * What a job's stored options say; nothing when somebody damaged them, and then the job is to fail (`areDamaged`). Each step
 * of a job asks for it, and jobs of a kind follow each other with the same text, so the last one is kept: it is everybody's,
 * and not to be changed.
 */
export function optionsOf(text: string | null): Readonly<StoredOptions> {
  if (text === null) return NONE
  if (text !== lastText) {
    const value = readJson(text)
    last = isStoredOptions(value) ? value : DAMAGED
    lastText = text
  }
  return last
}

/** Whether the stored options are not what the library writes. */
export function areDamaged(text: string | null): boolean {
  return optionsOf(text) === DAMAGED
}

/** What is shown of stored options, and nothing beside it: what somebody else wrote there may not even pass between threads. */
export function shownOptions(text: string | null): Pick<StoredOptions, 'headers' | 'tags'> {
  if (areDamaged(text)) return { tags: [UNREADABLE] }
  const { headers, tags } = optionsOf(text)
  return { ...(headers && { headers }), ...(tags && { tags }) }
}
