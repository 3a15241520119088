/** The shop's admin page of tasks: /admin/celery/task/ lists them and their results. */
import { randomUUID } from 'node:crypto'
import { createDashboard } from 'celeriac/dashboard'
import { app } from './app.ts'

export const adminPath = '/admin/celery'
/** Made anew at each start and printed: whoever started the shop may come in, from this machine. */
const token = randomUUID()

export const admin = createDashboard(app, { basePath: adminPath, token })

export const adminAddress = (port: number): string => `http://127.0.0.1:${port}${adminPath}/?token=${token}`
