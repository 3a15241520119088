/** The first fenced JavaScript block of a Markdown text, as a reader would copy it. */
export function firstJavaScriptBlock(markdown: string): string {
  const block = /^```(?:js|javascript|mjs)\b[^\n]*\n([\s\S]*?)^```\s*$/m.exec(markdown)
  if (!block?.[1]) throw new Error('README.md has no fenced js block')
  return block[1]
}

/** The one fenced block that is a file of its own, not a program. */
export function moduleBlock(markdown: string): string {
  const [block, ...more] = [...markdown.matchAll(/^```mjs\n([\s\S]*?)^```$/gm)]
  if (!block?.[1] || more.length > 0)
    throw new Error(`README.md has ${block ? more.length + 1 : 'no'} fenced mjs blocks`)
  return block[1]
}
