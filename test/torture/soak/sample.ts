/** What the program says of itself once in a while, one line each. */
export interface Sample {
  /** Seconds since its start. */
  at: number
  /** Bytes in use after a collection, and of the process. */
  heap: number
  rss: number
  files: number
  threads: number
  /** Bytes of the WAL, and finished jobs in the file. */
  wal: number
  rows: number
  /** Median time from call to result since the last sample, in ms, and how many jobs ended. */
  latency: number
  jobs: number
}
