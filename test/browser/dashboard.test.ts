/** The dashboard in a real browser, which all of these share: its start is what costs most. */
import './actions.ts'
import './hostile.ts'
import './pages.ts'
