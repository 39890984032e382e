export { createLogger, logLevels, type LoggerOptions } from './logger.js';
export { currentRequestId, newRequestId, runWithRequestId } from './request-context.js';
export { scrub } from './scrub.js';
export { logUpstreamCall } from './upstream-calls.js';
