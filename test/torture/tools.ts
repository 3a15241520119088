import { spawnSync } from 'node:child_process'

/** Why a command cannot be used here, or null when it can. */
export function missingCommand(command: string, args: readonly string[] = ['-V']): string | null {
  const { error, status } = spawnSync(command, args, { stdio: 'ignore' })
  if (error) return `${command} is not installed`
  return status === 0 ? null : `${command} does not work here (exit code ${status})`
}
