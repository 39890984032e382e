export { withoutStack, type ErrorFields } from './error-fields.js';
export { createLogger, logLevels, type LoggerOptions } from './logger.js';
export { logEnd, logProcessEvents } from './process-events.js';
export { currentRequestId, newRequestId, runWithRequestId } from './request-context.js';
export { useRequestId } from './request-id.js';
export { logNoRequest, logRequest, useRequestLog } from './request-log.js';
export { scrub } from './scrub.js';
export { logUpstreamCall } from './upstream-calls.js';
