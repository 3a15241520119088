/** Key of a schedule's job: jobs of one schedule are told apart by their slot. */
export function slotKey(schedule: string, scheduledFor: number): string {
  return `${schedule}@${scheduledFor}`
}
