export { createDashboard, type Dashboard } from './dashboard.ts'
export type { AuthAnswer, DashboardOptions, Visitor } from './options.ts'
