import type { LoggerOptions } from 'pino'

/** Structured lines on standard output, one JSON object each; keys and what users searched for never appear. */
export function logOptions(level: string): LoggerOptions {
  return {
    level,
    redact: ['req.headers.authorization', 'req.headers["x-api-key"]', 'req.headers.cookie'],
    serializers: {
      req: (request: { method?: string; url?: string; ip?: string }) => ({ method: request.method, path: request.url?.split('?', 1)[0], ip: request.ip }),
    },
  }
}
