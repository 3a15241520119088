/** The style sheet of the shop's pages. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fffdf9, #1b1917);
  --ink: light-dark(#2b2622, #ece5dc);
  --quiet: light-dark(#857a70, #a1968b);
  --line: light-dark(#ece4da, #37322d);
  --tomato: light-dark(#c8452d, #ec7358);
  --basil: light-dark(#3f7d4e, #7fc08f);
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 3rem 1.5rem 5rem; max-width: 60rem;
  background: var(--paper); color: var(--ink);
  font: 16px/1.5 ui-sans-serif, system-ui, -apple-system, "Segoe UI", sans-serif;
}
a { color: var(--tomato); text-decoration: none; }
a:hover { text-decoration: underline; }
nav { display: flex; gap: 1.5rem; font-size: .9rem; color: var(--quiet); }
nav .push { margin-left: auto; }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; margin: 1.5rem 0 .25rem; }
h2 { font-size: 1.05rem; margin: 2.5rem 0 .5rem; display: flex; justify-content: space-between; align-items: baseline; }
h2 small, .quiet { color: var(--quiet); font-weight: normal; font-size: .9rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(11rem, 1fr)); gap: 1rem; margin: 2rem 0; padding: 0; }
.figures div { border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem; }
.figures dt { color: var(--quiet); font-size: .85rem; }
.figures dd { margin: .15rem 0 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.25; }
.figures dd.name { font-size: 1.05rem; }
.figures dd small { display: block; font-size: .85rem; font-weight: normal; color: var(--quiet); }
.more { color: var(--basil); } .less { color: var(--tomato); }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th { text-align: left; font-size: .8rem; font-weight: 500; color: var(--quiet); }
th, td { padding: .4rem .5rem; border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
.number { text-align: right; width: 7rem; }
.share { width: 35%; } .share i { display: block; height: .55rem; border-radius: .3rem; background: var(--tomato); opacity: .75; }
.year { display: grid; grid-template-columns: repeat(auto-fill, minmax(12.5rem, 1fr)); gap: 1.25rem 1.75rem; }
.month h3 { margin: 0 0 .35rem; font-size: .85rem; font-weight: 500; color: var(--quiet); }
.days { display: grid; grid-template-columns: repeat(7, 1fr); gap: 3px; }
.days a {
  display: block; aspect-ratio: 1; border-radius: 4px; font-size: .68rem; color: var(--ink);
  display: grid; place-items: center; background: color-mix(in srgb, var(--tomato) var(--heat), var(--line));
}
.days a:hover { outline: 2px solid var(--ink); text-decoration: none; }
form { display: flex; gap: .75rem; flex-wrap: wrap; } input, button { font: inherit; padding: .4rem .75rem; }
`
