/** Tables, labels, forms, figures: what pages are put together from. */
export const componentStyle = `
.button, button {
  font: inherit; font-size: .88rem; font-weight: 520; line-height: 1.3; padding: .3rem .7rem; border-radius: 6px; cursor: pointer;
  border: 1px solid var(--line); background: var(--panel); color: var(--ink); text-decoration: none; display: inline-flex;
  align-items: center; gap: .35rem; white-space: nowrap;
}
.button:hover, button:hover { background: var(--raised); border-color: var(--edge); }
td button { padding: .14rem .55rem; font-size: .84rem; }
button.main { background: var(--accent); border-color: var(--accent); color: var(--panel); }
button.main:hover { filter: brightness(1.08); }
button.danger, .button.danger { color: var(--bad); }
button.danger:hover, .button.danger:hover { background: var(--bad-soft); border-color: var(--bad); }
button:disabled { opacity: .5; cursor: default; }
button.icon { padding: .12rem .45rem; font-size: .8rem; font-weight: 450; color: var(--quiet); }
button[aria-pressed="true"] { background: var(--raised); }
input, textarea, select {
  font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--edge); border-radius: 6px; padding: .32rem .6rem; min-width: 0;
}
input::placeholder, textarea::placeholder { color: var(--quiet); opacity: 1; }
textarea { width: 100%; font-family: var(--mono); font-size: .9rem; resize: vertical; }
label { display: grid; gap: .2rem; font-size: .86rem; color: var(--quiet); }
label.check { display: inline-flex; align-items: center; gap: .4rem; color: var(--ink); }
form.inline { display: inline-flex; gap: .4rem; }
.form { display: grid; gap: .8rem; max-width: 40rem; }
.actions { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }

table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th { text-align: left; font-size: .78rem; font-weight: 540; color: var(--quiet); white-space: nowrap; }
th.number { text-align: right; }
th, td { padding: .3rem .6rem; border-top: 1px solid var(--line); vertical-align: baseline; }
.tick { width: 1.6rem; } .tick input { display: block; margin: 0; position: relative; top: .2rem; }
thead th { border-top: 0; padding-top: .1rem; }
th:first-child, td:first-child { padding-left: .9rem; }
th:last-child, td:last-child { padding-right: .9rem; }
tbody tr:hover, tbody tr:focus-within { background: color-mix(in srgb, var(--raised) 55%, transparent); }
tbody tr.chosen { background: var(--accent-soft); }
td.name { min-width: 15rem; }
td.line { min-width: 9rem; max-width: 16rem; overflow-wrap: anywhere; }
/* As wide as what mostly stands there, so that columns keep their places while times change. */
th.took { min-width: 5.4rem; } th.when { min-width: 8rem; }
td.cut { max-width: 0; width: 34%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
td.cut code { color: var(--quiet); }
.scroll { overflow-x: auto; }
.anywhere { overflow-wrap: anywhere; }
td .main { font-weight: 540; text-decoration: none; overflow-wrap: anywhere; }
td.name .main, td.line span { display: -webkit-inline-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; vertical-align: top; }
td .main:hover { text-decoration: underline; }
td .under { display: block; font-size: .82rem; color: var(--quiet); overflow-wrap: anywhere; }
td .under.tone { color: var(--tone); }
td .under.brief { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }

.state {
  display: inline-flex; align-items: center; gap: .38rem; padding: .06rem .5rem .06rem .4rem; border-radius: 99px; font-size: .78rem;
  font-weight: 560; letter-spacing: .01em; white-space: nowrap; color: var(--tone); background: var(--tone-soft); text-decoration: none;
}
.state i { width: .5em; height: .5em; border-radius: 50%; background: currentColor; flex: none; }
.state.hollow i { background: none; box-shadow: inset 0 0 0 1.5px currentColor; }
.state.square i { border-radius: 1px; }
.good { --tone: var(--good); --tone-soft: var(--good-soft); } .bad { --tone: var(--bad); --tone-soft: var(--bad-soft); }
.busy { --tone: var(--busy); --tone-soft: var(--busy-soft); } .wait { --tone: var(--wait); --tone-soft: var(--wait-soft); }
.again { --tone: var(--again); --tone-soft: var(--again-soft); } .later { --tone: var(--later); --tone-soft: var(--later-soft); }
.held { --tone: var(--held); --tone-soft: var(--held-soft); }
.tone { color: var(--tone); }
.tag { display: inline-block; padding: 0 .4rem; border: 1px solid var(--line); border-radius: 4px; font-size: .78rem; color: var(--quiet); text-decoration: none; overflow-wrap: anywhere; }
.tag:hover { color: var(--ink); border-color: var(--edge); }

.figures { display: grid; grid-template-columns: repeat(5, minmax(0, 1fr)); background: var(--panel); border: 1px solid var(--line); border-radius: var(--radius); overflow: hidden; }
.figures > div { padding: .7rem .9rem .75rem; min-width: 0; border: solid var(--line); border-width: 0 1px 1px 0; margin: 0 -1px -1px 0; }
.figures dt { font-size: .8rem; color: var(--quiet); }
.figures dd { font-size: 1.55rem; font-weight: 600; letter-spacing: -.025em; line-height: 1.25; }
.figures dd a { text-decoration: none; } .figures dd a:hover { text-decoration: underline; }
.figures dd small { display: block; font-size: .8rem; font-weight: 400; letter-spacing: 0; color: var(--quiet); }
.figures .tone dd { color: var(--tone); }

.tabs + .empty { padding-top: .75rem !important; }
.tabs { display: flex; gap: .15rem; overflow-x: auto; scrollbar-width: thin; padding: 0 .6rem; border-bottom: 1px solid var(--line); }
.tabs a { flex: none; padding: .5rem .5rem .45rem; font-size: .86rem; text-decoration: none; color: var(--quiet); border-bottom: 2px solid transparent; margin-bottom: -1px; }
.tabs a:hover { color: var(--ink); } .tabs a[aria-current] { color: var(--ink); font-weight: 560; border-color: var(--accent); }
.tabs span { color: var(--quiet); font-weight: 400; font-size: .8rem; }
.search { display: flex; gap: .4rem; padding: .75rem .9rem; }
.search input { flex: 1; font-family: var(--mono); font-size: .9rem; }
.bar { display: flex; flex-wrap: wrap; gap: .4rem .75rem; align-items: center; padding: .55rem .9rem; border-top: 1px solid var(--line); font-size: .88rem; }
.bar .quiet { font-size: .86rem; }

.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .32rem 1rem; font-size: .9rem; }
.facts dt { color: var(--quiet); } .facts dd { overflow-wrap: anywhere; }
.value { background: var(--raised); border-radius: 6px; padding: .65rem .8rem; overflow: auto; max-height: 26rem; font-size: .85rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
.value .k { color: var(--busy); } .value .s { color: var(--good); } .value .n { color: var(--again); } .value .w { color: var(--later); }
.error { border-left: 3px solid var(--bad); padding-left: .75rem; display: grid; gap: .35rem; }
.error > p { font-weight: 540; overflow-wrap: anywhere; white-space: pre-wrap; }
.error .name { color: var(--bad); }
details > summary { cursor: pointer; font-size: .86rem; color: var(--quiet); }
details[open] > summary { margin-bottom: .4rem; }

.timeline { display: grid; }
.timeline > li { display: grid; grid-template-columns: 1.1rem minmax(0, 1fr) max-content; gap: 0 .6rem; padding-bottom: .8rem; position: relative; }
.timeline > li::before { content: ""; width: .62rem; height: .62rem; margin: .32rem 0 0 .1rem; border-radius: 50%; background: var(--tone, var(--edge)); z-index: 1; }
.timeline > li:not(:last-child)::after { content: ""; position: absolute; left: .36rem; top: .6rem; bottom: -.4rem; width: 1.5px; background: var(--line); }
.timeline .at { color: var(--quiet); font-size: .84rem; text-align: right; }
.timeline .more { grid-column: 2 / 4; display: grid; gap: .4rem; font-size: .88rem; }
.timeline .more:empty { display: none; }

.log { padding-bottom: .6rem; font-family: var(--mono); font-size: .84rem; line-height: 1.55; max-height: 24rem; overflow: auto; }
.log li { display: grid; grid-template-columns: max-content 3.4rem minmax(0, 1fr); gap: .7rem; padding: 0 .9rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.log li:hover { background: var(--raised); }
.log .warn span { color: var(--again); } .log .error { border: 0; padding: 0 .9rem; } .log .error span { color: var(--bad); }
progress, meter { width: 100%; height: .5rem; }
.meter { display: block; height: .4rem; width: 100%; min-width: 3rem; border-radius: 99px; background: var(--raised); overflow: hidden; color: var(--busy); }
.meter + p, p + .meter { margin-top: .3rem; }
.meter.good { color: var(--good); } .meter.bad { color: var(--bad); } .meter.again { color: var(--again); }
th.share { min-width: 6rem; }
.spark { height: 1.2rem; width: 7.5rem; display: block; color: var(--accent); border-bottom: 1px solid var(--line); }
.slots { display: inline-flex; gap: 2px; } .slots a, .slots span { width: .5rem; height: 1.05rem; border-radius: 2px; background: var(--tone, var(--line)); }
.slots .skipped, .slots .coalesced { opacity: .55; }
.chart { position: relative; height: 184px; padding: 0 .6rem .4rem; overflow: hidden; }
.chart .readout { position: absolute; right: .9rem; top: 0; font-size: .82rem; color: var(--quiet); background: var(--panel); padding: 0 .3rem; }
.chart > svg { width: 100%; height: 100%; display: block; }
.chart .yes { fill: var(--chart-good); } .chart .no { fill: var(--chart-bad); } .chart .retried { fill: var(--chart-again); }
.legend { display: flex; gap: .9rem; font-size: .82rem; color: var(--quiet); }
.legend .good { --tone: var(--chart-good); } .legend .bad { --tone: var(--chart-bad); } .legend .again { --tone: var(--chart-again); }
.legend i { display: inline-block; width: .6rem; height: .6rem; border-radius: 2px; margin-right: .35rem; background: var(--tone); }
.notice { padding: .55rem .9rem; border-radius: var(--radius); background: var(--accent-soft); color: var(--accent); margin-bottom: 1rem; font-weight: 520; overflow-wrap: anywhere; }
.notice.bad { background: var(--bad-soft); color: var(--bad); }
.notice.again { background: var(--again-soft); color: var(--again); }
kbd { font: .78rem var(--mono); border: 1px solid var(--line); border-bottom-width: 2px; border-radius: 4px; padding: 0 .3rem; color: var(--quiet); }
.fresh { display: none; } .fresh.on { display: inline-flex; }
@media (max-width: 52rem) {
  .wide { display: none; } td.name { min-width: 6rem; } th.took, th.when { min-width: 0; } .jobs .took { display: none; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); } .figures dd { font-size: 1.3rem; }
  .facts { grid-template-columns: minmax(0, 1fr); gap: 0; } .facts dd { margin-bottom: .45rem; }
  th, td { padding: .38rem .4rem; }
  .fold thead { display: none; } .fold, .fold tbody, .fold tr, .fold td:not(.wide) { display: block; }
  .fold tr { border-top: 1px solid var(--line); padding: .5rem .9rem; display: flex; flex-wrap: wrap; gap: .15rem 1rem; align-items: baseline; }
  .fold td { border: 0; padding: 0 !important; } .fold td:first-child { width: 100%; } .fold td:last-child { margin-left: auto; } .fold td[data-name]::before { content: attr(data-name) " "; color: var(--quiet); font-size: .82rem; }
  .timeline > li { grid-template-columns: 1.1rem minmax(0, 1fr); } .timeline .at { grid-column: 2; text-align: left; } .timeline .more { grid-column: 2; }
  .log li { grid-template-columns: max-content minmax(0, 1fr); gap: 0 .7rem; padding-bottom: .3rem; } .log li > :last-child { grid-column: 1 / 3; }
}
`
