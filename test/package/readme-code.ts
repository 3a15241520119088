/** The first fenced JavaScript block of a Markdown text, as a reader would copy it. */
export function firstJavaScriptBlock(markdown: string): string {
  const block = /^```(?:js|javascript|mjs)\b[^\n]*\n([\s\S]*?)^```\s*$/m.exec(markdown)
  if (!block?.[1]) throw new Error('README.md has no fenced js block')
  return block[1]
}
