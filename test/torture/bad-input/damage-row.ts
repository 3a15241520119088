/** Values that somebody may have written into the tables by hand, or a bug of another tool. */
import { integer, type Random } from '../../crash/random.ts'

const FIXED: readonly string[] = [
  '',
  ' ',
  'not JSON',
  '{',
  '[',
  'null',
  'true',
  '5',
  '-1e400',
  '"text"',
  '[]',
  '{}',
  '[[]]',
  '[null]',
  '[[1,2]]',
  '{"name":1,"message":{}}',
  '{"message":null}',
  '{"name":"InvalidInput","message":"x","issues":{"0":1}}',
  '{"name":"E","message":"m","cause":7,"errors":[1,null,{"name":"F"}]}',
  '{"timeLimit":"soon","softTimeLimit":[]}',
  '{"timeLimit":-5}',
  '{"deadline":"tomorrow"}',
  '{"headers":["x"]}',
  '{"headers":{"a":{}}}',
  '{"tags":"x"}',
  '{"tags":[1]}',
  '{"retry":{}}',
  '{"retry":"often"}',
  '{"retry":{"maxRetries":2,"delay":"x","backoff":7}}',
  '{"link":5}',
  '{"link":[{}]}',
  '{"link":[null],"linkError":[[]]}',
  '{"linkError":[{"task":"echo"}]}',
  '{"link":[{"task":1,"queue":2,"priority":"high","codec":"xml","args":{}}]}',
  '{"missed":"x","lastSuccess":"y"}',
  '{"done":"half"}',
  '{"done":1,"total":"x","message":5}',
  '{"__proto__":{"polluted":true},"constructor":1}',
  '{"kind":"cron","expression":5,"timezone":"Mars/Base"}',
  '{"kind":"every","milliseconds":0}',
  '{"limit":0,"per":-1}',
  '{"threads":"many"}',
  `${'['.repeat(20_000)}`,
  `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
  `{"cause":${'{"name":"E","message":"m","cause":'.repeat(2_000)}null${'}'.repeat(2_000)}}`,
  `"${'x'.repeat(2_000_000)}"`,
  `{"tags":["${'y'.repeat(1_000_000)}"]}`,
  '\ud800',
  'a\0b',
]

const pick = <T>(list: readonly T[], random: Random): T => list[integer(random, 0, list.length - 1)] as T
const VALUES: readonly unknown[] = [null, true, -1, 1e300, 0.5, '', 'x', [], {}, [null], { a: [] }]

/** Another text for a column that holds this one. */
export function damagedText(text: string | null, random: Random): string {
  const way = random()
  if (text === null || text.length < 2 || way < 0.4) return pick(FIXED, random)
  if (way < 0.55) return text.slice(0, integer(random, 0, text.length - 1))
  if (way < 0.7) {
    const at = integer(random, 0, text.length - 1)
    return text.slice(0, at) + String.fromCharCode(integer(random, 1, 126)) + text.slice(at + 1)
  }
  return otherwise(text, random)
}

/** JSON with one of its values exchanged, at any depth; another text where it is none, or nested too deep to be walked. */
function otherwise(text: string, random: Random): string {
  try {
    return exchanged({ '': JSON.parse(text) }, random)
  } catch {
    return pick(FIXED, random)
  }
}

function exchanged(root: { '': unknown }, random: Random): string {
  const places: [Record<string, unknown>, string][] = []
  const walk = (holder: Record<string, unknown>, key: string): void => {
    places.push([holder, key])
    const value = holder[key]
    if (typeof value === 'object' && value !== null)
      for (const inner of Object.keys(value)) walk(value as Record<string, unknown>, inner)
  }
  walk(root, '')
  const [holder, key] = pick(places, random)
  if (random() < 0.3) delete holder[key]
  else holder[key] = pick(VALUES, random)
  return JSON.stringify(root['']) ?? 'null'
}

/** Another value for a column that takes any. */
export function damagedValue(value: unknown, random: Random): string | number | Buffer {
  if (random() < 0.6) return damagedText(typeof value === 'string' ? value : null, random)
  if (random() < 0.3) return integer(random, -5, 2 ** 40)
  const bytes = Buffer.isBuffer(value) && random() < 0.5 ? Buffer.from(value) : Buffer.alloc(integer(random, 0, 300))
  for (let i = 0; i < bytes.length; i += integer(random, 1, 20)) bytes[i] = integer(random, 0, 255)
  return bytes
}
