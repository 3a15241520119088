/** Keys for the hands that stay on the keyboard, and the small conveniences of lists. */
export function takeKeys(): void {
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (event.key === '/') focusSearch(event)
    else if (event.key === 'j') step(1, event)
    else if (event.key === 'k') step(-1, event)
  })
  document.addEventListener('change', (event) => choose(event.target))
  document.addEventListener('merged', () => {
    showChosen()
    prepare()
  })
  prepare()
  showChosen()
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) && !isCheckbox(target)
}

const isCheckbox = (target: EventTarget | null): target is HTMLInputElement =>
  target instanceof HTMLInputElement && target.type === 'checkbox'

function focusSearch(event: Event): void {
  const search = document.querySelector<HTMLInputElement>('input[type=search]')
  if (!search) return
  event.preventDefault()
  search.focus()
  search.select()
}

/** From row to row; Enter follows the link that has the focus. */
function step(by: 1 | -1, event: Event): void {
  const links = [...document.querySelectorAll<HTMLElement>('main tbody a.main')]
  if (links.length === 0) return
  event.preventDefault()
  const here = links.indexOf(document.activeElement as HTMLElement)
  links[Math.min(links.length - 1, Math.max(0, here === -1 ? 0 : here + by))]?.focus()
}

function choose(target: EventTarget | null): void {
  if (!isCheckbox(target)) return
  if (target.hasAttribute('data-all')) for (const box of boxes()) box.checked = target.checked
  showChosen()
}

const boxes = (): HTMLInputElement[] => [...document.querySelectorAll<HTMLInputElement>('input[name=id][form=chosen]')]

function showChosen(): void {
  const all = boxes()
  for (const box of all) box.closest('tr')?.classList.toggle('chosen', box.checked)
  const chosen = all.filter((box) => box.checked).length
  const count = document.querySelector('[data-chosen-count]')
  if (count) count.textContent = chosen === 0 ? 'Chosen' : `${chosen} chosen`
}

function prepare(): void {
  for (const box of document.querySelectorAll('[data-all]')) box.removeAttribute('hidden')
  for (const text of document.querySelectorAll<HTMLElement>('[data-copy]')) addCopy(text)
}

function addCopy(text: HTMLElement): void {
  if (text.nextElementSibling?.hasAttribute('data-copier')) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'icon'
  button.dataset.copier = ''
  button.textContent = 'copy'
  button.addEventListener('click', () => {
    void copy(text).then((done) => {
      button.textContent = done ? 'copied' : 'select and copy'
      setTimeout(() => {
        button.textContent = 'copy'
      }, 1_500)
    })
  })
  text.after(' ', button)
}

/** The clipboard's own interface is missing where the page came over plain HTTP from another machine. */
async function copy(element: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(element.textContent ?? '')
    return true
  } catch {
    getSelection()?.selectAllChildren(element)
    return document.execCommand('copy')
  }
}
