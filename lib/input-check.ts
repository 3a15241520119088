import { InvalidInput } from './errors.ts'
import { pathOf, type SchemaResult, type StandardSchema } from './options/standard-schema.ts'

/**
 * Runs a task's schema over its arguments.
 * @returns the arguments as the schema gives them back; a promise when the schema is asynchronous
 * @throws InvalidInput with every issue and its path
 */
export function checkInput(
  schema: StandardSchema,
  task: string,
  args: readonly unknown[],
): unknown[] | Promise<unknown[]> {
  const result = schema['~standard'].validate(args)
  return result instanceof Promise ? result.then((r) => accepted(r, task)) : accepted(result, task)
}

function accepted(result: SchemaResult, task: string): unknown[] {
  if (!result.issues) return result.value as unknown[]
  const issues = result.issues.map((issue) => ({ message: issue.message, path: `args${pathOf(issue)}` }))
  const listed = issues.map(({ message, path }) => `${path}: ${message}`).join('; ')
  throw new InvalidInput(`the arguments of "${task}" do not fit its input schema — ${listed}`, issues)
}
