import { isNumber, isObject, isText, readJson, UNREADABLE } from './stored-json.ts'

/** How far a task has come: a share from 0 to 1, or a count of a total. */
export type Progress = number | { done: number; total?: number; message?: string }

/** Progress from a row of the file, whatever stands there. Never throws. */
export function readProgress(text: string): Progress {
  const value = readJson(text)
  if (isNumber(value)) return value
  if (!isObject(value) || !isNumber(value.done)) return { done: 0, message: UNREADABLE }
  const { done, total, message } = value
  return { done, ...(isNumber(total) && { total }), ...(isText(message) && { message }) }
}
