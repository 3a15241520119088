/** What in a page could run a script, whatever it was meant to be. */

const TAG = /<([a-zA-Z][^\s>/]*)((?:[^>"']|"[^"]*"|'[^']*')*)>/g
const ATTRIBUTE = /([^\s=>"'/]+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/g
const FOREIGN = /^(iframe|object|embed|frame|frameset|applet|math|base|img|style|foreignobject|animate|set)$/i
const ADDRESS = /^(href|src|action|formaction|xlink:href|data|poster|srcdoc)$/i

export function scriptable(body: string, policy: string): string[] {
  const found: string[] = []
  const nonce = /script-src 'nonce-([^']+)'/.exec(policy)?.[1]
  if (nonce === undefined) found.push(`the policy is ${policy || 'missing'}`)
  for (const [tag, name, attributes] of body.matchAll(TAG)) {
    if (FOREIGN.test(name as string) && !(name === 'style' && tag.includes(`nonce="${nonce}"`))) found.push(tag)
    if (/^script$/i.test(name as string) && !(tag.includes(`nonce="${nonce}"`) && /\ssrc="/.test(tag))) found.push(tag)
    for (const [, key, value] of (attributes as string).matchAll(ATTRIBUTE)) {
      const bare = (value as string).replace(/^["']|["']$/g, '')
      if (/^on/i.test(key as string) || /^style$/i.test(key as string)) found.push(tag)
      // A browser leaves out controls within a scheme.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      const scheme = bare.replace(/[\u0000-\u0020]|&#?\w+;/g, '')
      if (ADDRESS.test(key as string) && /^(javascript|data|vbscript|[a-z]+:\/\/|\/\/)/i.test(scheme)) found.push(tag)
    }
  }
  return found.map((tag) => `a page has ${tag.slice(0, 200)}`)
}

/** Whether a text stands in a page as it came: harmless when nothing in it means anything there. */
export const standsRaw = (body: string, text: string): boolean => /[<>"]/.test(text) && body.includes(text)
