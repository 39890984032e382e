export { withoutStack, type ErrorFields } from './error-fields.js';
export { createLogger, logLevels, PlainFacts, type LoggerOptions } from './logger.js';
export { logEnd, logProcessEvents } from './process-events.js';
export { currentRequestId, newRequestId, runWithRequestId } from './request-context.js';
export { scrub } from './scrub.js';
export { logUpstreamCall } from './upstream-calls.js';
