/**
 * Names from OpenTelemetry's conventions for messaging, which are still in development: kept here, so that a rename is one
 * change. `messaging.system` is the older name of `messaging.system.name`; both are given.
 */
export const SYSTEM = 'celeriac'
export const ATTRIBUTES = {
  system: 'messaging.system.name',
  formerSystem: 'messaging.system',
  operation: 'messaging.operation.name',
  operationType: 'messaging.operation.type',
  queue: 'messaging.destination.name',
  id: 'messaging.message.id',
  conversation: 'messaging.message.conversation_id',
  count: 'messaging.batch.message_count',
  client: 'messaging.client.id',
  error: 'error.type',
  task: 'celeriac.task.name',
  attempt: 'celeriac.task.attempt',
  slot: 'celeriac.schedule.slot',
} as const
export const ENQUEUE = { name: 'enqueue', type: 'send' } as const
export const PROCESS = { name: 'process', type: 'process' } as const
