import { createHash } from 'node:crypto'

/** What stands for a key in the configuration. */
export const digest = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`
