import { html } from './html.ts'
import { page } from './page.ts'

/** The server's first page: sign-up, the reports, and when the next report is due. */
export function homePage(users: number, slots: readonly string[]): string {
  return page(
    'The shop',
    html`<h1>Pizza Paradise</h1>
<p><a href="reports/index.html">All reports</a></p>
<h2>Sign up<small>${users} ${users === 1 ? 'user' : 'users'}</small></h2>
<form>
<input name="name" placeholder="Name" required>
<input name="email" type="email" placeholder="E-mail" required>
<button>Sign up</button>
</form>
<p class="quiet"><output></output></p>
<h2>The daily report is next due</h2>
<ul>${slots.map((slot) => html`<li>${slot}</li>`)}</ul>
<script type="module">
document.querySelector('form').addEventListener('submit', async (event) => {
  event.preventDefault()
  const body = JSON.stringify(Object.fromEntries(new FormData(event.target)))
  const response = await fetch('/users', { method: 'POST', body, headers: { 'content-type': 'application/json' } })
  document.querySelector('output').textContent = await response.text()
})
</script>`,
    'reports/',
  )
}
