/** What the pages gain where scripts run: they follow what happens, count up, draw, and take keys. */
import { drawCharts } from './chart.ts'
import { followEvents } from './events.ts'
import { takeKeys } from './keys.ts'
import { follow } from './live.ts'
import { searchOn } from './search.ts'
import { rememberTheme } from './theme.ts'
import { keepTimes } from './times.ts'

for (const hidden of document.querySelectorAll('[data-script]')) hidden.removeAttribute('hidden')
// In a narrow window the list of pages is a line that scrolls.
document.querySelector('.nav [aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'center' })
rememberTheme()
keepTimes()
takeKeys()
drawCharts()
if (document.getElementById('events')) followEvents()
follow()
void searchOn()
