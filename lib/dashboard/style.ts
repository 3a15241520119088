import { componentStyle } from './style-components.ts'

/** The style sheet: two palettes, chosen by the system or by `data-theme`, and one scale of sizes. */
export const styleSheet = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#f7f7f4, #121411);
  --panel: light-dark(#ffffff, #191c18);
  --raised: light-dark(#f1f2ed, #222621);
  --line: light-dark(#e3e5de, #2b302a);
  --edge: light-dark(#8a9085, #6d756a);
  --ink: light-dark(#1c201b, #e4e8e1);
  --quiet: light-dark(#5c645a, #9ca598);
  --accent: light-dark(#28693a, #86cf92);
  --accent-soft: light-dark(#e3efe3, #1f3324);
  --good: light-dark(#1c6b37, #7fce92);   --good-soft: light-dark(#e2f1e5, #1b3122);
  --bad: light-dark(#b3261e, #ff9d92);    --bad-soft: light-dark(#fbe7e4, #3d1d1a);
  --busy: light-dark(#1b5fa8, #8dbdf5);   --busy-soft: light-dark(#e3edf9, #182c44);
  --wait: light-dark(#4d554b, #b3bbae);   --wait-soft: light-dark(#eaece6, #272c26);
  --again: light-dark(#855000, #f0b860);  --again-soft: light-dark(#fbedd3, #382911);
  --later: light-dark(#6a3fa0, #c9acf2);  --later-soft: light-dark(#f0e9f9, #2d2140);
  --chart-good: light-dark(#3f9d5c, #7fce92); --chart-bad: light-dark(#cc3a31, #ff8a7d); --chart-again: light-dark(#e0a030, #f0c878);
  --held: light-dark(#0c6470, #74cbd8);   --held-soft: light-dark(#def0f2, #12303a);
  --radius: 8px;
  --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
  font: 14px/1.45 ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
  background: var(--paper); color: var(--ink);
  font-variant-numeric: tabular-nums;
  -webkit-text-size-adjust: 100%;
  accent-color: var(--accent);
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; min-height: 100vh; display: grid; grid-template: "side main" 1fr / 13.5rem minmax(0, 1fr); }
a { color: inherit; text-decoration-color: color-mix(in srgb, currentColor 35%, transparent); text-underline-offset: .2em; }
a:hover { text-decoration-color: currentColor; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
h1, h2, h3, p, dl, dd, ul, ol, pre, figure { margin: 0; padding: 0; }
h1 { font-size: 1.35rem; font-weight: 620; letter-spacing: -.015em; line-height: 1.25; overflow-wrap: anywhere; }
h2 { font-size: .95rem; font-weight: 620; letter-spacing: -.005em; }
h3 { font-size: .86rem; font-weight: 600; }
ul { list-style: none; }
code, pre, .mono { font-family: var(--mono); font-size: .92em; }
.quiet { color: var(--quiet); }
.small { font-size: .86rem; }
.number { text-align: right; white-space: nowrap; }
.nowrap { white-space: nowrap; }
.grow { flex: 1; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 9; background: var(--panel); padding: .4rem .8rem; }

.side {
  grid-area: side; position: sticky; top: 0; height: 100vh; overflow: auto; display: flex; flex-direction: column; gap: 1.25rem;
  padding: 1.1rem .75rem 1rem; border-right: 1px solid var(--line); background: var(--panel);
}
.brand { display: flex; align-items: center; gap: .6rem; padding: 0 .5rem; text-decoration: none; }
.brand svg { width: 26px; height: 26px; flex: none; color: var(--accent); }
.brand b { display: block; font-weight: 640; letter-spacing: -.01em; line-height: 1.15; overflow-wrap: anywhere; }
.brand span { font-size: .78rem; color: var(--quiet); }
.nav { display: grid; gap: 1px; }
.nav a {
  display: flex; align-items: center; gap: .6rem; padding: .38rem .5rem; border-radius: 6px; text-decoration: none; color: var(--quiet);
}
.nav a:hover { background: var(--raised); color: var(--ink); }
.nav a[aria-current] { background: var(--accent-soft); color: var(--accent); font-weight: 560; }
.nav svg { width: 16px; height: 16px; flex: none; }
.nav .count { margin-left: auto; font-size: .8rem; font-weight: 500; color: var(--quiet); }
.nav .count.bad { color: var(--bad); }
.foot { margin-top: auto; display: grid; gap: .5rem; padding: 0 .5rem; font-size: .8rem; color: var(--quiet); }
.foot .row { display: flex; gap: .4rem; flex-wrap: wrap; }
.foot p { overflow-wrap: anywhere; }
#live::before { content: ""; width: .5em; height: .5em; border-radius: 50%; background: var(--edge); }
#live[aria-pressed="true"]::before { background: var(--good); }

main { grid-area: main; padding: 1.35rem 1.75rem 4rem; min-width: 0; max-width: 96rem; outline: none; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem; margin-bottom: 1.1rem; min-height: 2rem; }
.head .quiet { font-size: .9rem; }
.stack { display: grid; gap: 1.1rem; grid-template-columns: minmax(0, 1fr); }
.two { display: grid; gap: 1.1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); align-items: start; }
.panel { background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); min-width: 0; }
.panel > header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem .75rem; padding: .7rem .9rem .55rem; }
.panel > header > .quiet { font-size: .84rem; }
.panel > .body { padding: .1rem .9rem .85rem; }
.panel > .body:first-child { padding-top: .75rem; }
.panel > .scroll:first-child { padding-top: .55rem; }
.panel > .scroll + .body { border-top: 1px solid var(--line); padding-top: .55rem; }
.panel > .empty:first-child { padding-top: .9rem; }
.panel > .empty { padding: .4rem .9rem 1rem; color: var(--quiet); }
.panel > .empty.tone { color: var(--tone); }

@media (max-width: 52rem) {
  body { display: block; }
  .side {
    position: static; height: auto; flex-direction: row; align-items: center; gap: .5rem; padding: .5rem .75rem; overflow: visible;
    border-right: 0; border-bottom: 1px solid var(--line); flex-wrap: wrap;
  }
  .brand { padding: 0; }
  .nav { order: 3; display: flex; width: 100%; overflow-x: auto; scrollbar-width: none; gap: .1rem; }
  .nav a { padding: .3rem .55rem; flex: none; }
  .nav svg { display: none; }
  .nav .count { margin-left: .1rem; }
  .foot { margin: 0 0 0 auto; padding: 0; }
  .foot p { display: none; }
  main { padding: .9rem .75rem 3rem; }
}
@media (prefers-reduced-motion: no-preference) {
  .pulse { animation: pulse 1.8s ease-in-out infinite; }
  @keyframes pulse { 50% { opacity: .35; } }
}
@media print { .side { display: none; } body { display: block; } }
${componentStyle}`
