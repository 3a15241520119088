/**
 * Makes `old` look like `fresh` by changing only what differs, so that focus, selections, scroll positions, open details
 * and half-written forms survive. Elements with a `data-key` keep their identity when they move.
 */
export function merge(old: Element, fresh: Element): void {
  mergeAttributes(old, fresh)
  // The chart's own elements; it hears of new figures by its attribute.
  if (old.hasAttribute('data-chart') || isBeingEdited(old)) return
  const keyed = new Map<string, Element>()
  for (const child of old.children) {
    const key = child.getAttribute('data-key')
    if (key !== null) keyed.set(key, child)
  }
  let here: ChildNode | null = old.firstChild
  for (const wanted of [...fresh.childNodes]) {
    const key = wanted instanceof Element ? wanted.getAttribute('data-key') : null
    const known = key === null ? undefined : keyed.get(key)
    if (known && known !== here) old.insertBefore(known, here)
    else if (here && !known && isKeyed(here) && key !== null) {
      old.insertBefore(document.importNode(wanted, true), here)
      continue
    }
    const mine: ChildNode | null = known ?? here
    if (mine && alike(mine, wanted)) {
      here = mine.nextSibling
      if (mine instanceof Element) merge(mine, wanted as Element)
      else if (mine.nodeValue !== wanted.nodeValue) mine.nodeValue = wanted.nodeValue
    } else {
      old.insertBefore(document.importNode(wanted, true), here)
    }
  }
  while (here) {
    const next: ChildNode | null = here.nextSibling
    here.remove()
    here = next
  }
}

const isKeyed = (node: ChildNode): boolean => node instanceof Element && node.hasAttribute('data-key')

const alike = (a: ChildNode, b: ChildNode): boolean =>
  a.nodeName === b.nodeName &&
  (!(a instanceof Element) || a.getAttribute('data-key') === (b as Element).getAttribute('data-key'))

const isBeingEdited = (element: Element): boolean =>
  element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement || element instanceof HTMLSelectElement

/** What the reader of the page has set, and the server knows nothing of. */
const READERS_OWN = new Set(['open', 'hidden', 'value', 'checked'])

function mergeAttributes(old: Element, fresh: Element): void {
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && !READERS_OWN.has(name) && name !== 'class') old.removeAttribute(name)
  }
  const mine = new Set([...old.classList].filter((name) => name === 'chosen' || name === 'on'))
  for (const { name, value } of fresh.attributes) {
    if (READERS_OWN.has(name)) continue
    const next = name === 'class' && mine.size > 0 ? [value, ...mine].join(' ') : value
    if (old.getAttribute(name) !== next) old.setAttribute(name, next)
  }
}
