/** From this delay on an event loop is pointed out, in ms. */
export const LATE_LOOP = 200
