#!/usr/bin/env node
import { runProgram } from './program.ts'
import { Terminal } from './terminal.ts'

const terminal = new Terminal(process.stdout, process.stderr, process.stdin, process.env)
const code = await runProgram(process.argv.slice(2), terminal)
await terminal.flushed()
// An imported application may hold timers and servers that would keep the command from ending.
process.exit(code)
