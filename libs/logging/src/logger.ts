import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { currentRequestId } from './request-context.js';
import { scrub } from './scrub.js';
import { redactedKeys } from './secret-names.js';

/** From the fewest lines to the most; a level includes those before it. */
export const logLevels = ['fatal', 'error', 'warn', 'log', 'debug', 'verbose'] as const satisfies readonly LogLevel[];

export interface LoggerOptions {
  level: (typeof logLevels)[number];
}

/**
 * Nest's logger as one line of JSON per record, for `NestFactory.create(…, { logger })`. Facts given after the message
 * become fields: `logger.log('token refreshed', { authorizer_appid })`. Each line carries the request id of where it
 * was written, and no secret: known keys are redacted, and secrets within texts are scrubbed.
 */
export function createLogger({ level }: LoggerOptions): ConsoleLogger {
  return new JsonLogger(level);
}

/** The context of Nest's own logger for that. */
const NEST_START = 'ExceptionHandler';

class JsonLogger extends ConsoleLogger {
  constructor(level: LoggerOptions['level']) {
    super({
      json: true,
      flattenParams: true,
      colors: false,
      logLevels: logLevels.slice(0, logLevels.indexOf(level) + 1),
      redact: [...redactedKeys],
    });
  }

  /** Nest logs what fails while it makes modules, and throws it then: whoever started it tells of it, once. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (rest.at(-1) !== NEST_START) super.error(message, ...rest);
  }

  protected override getJsonLogObject(...args: Parameters<ConsoleLogger['getJsonLogObject']>) {
    const record = super.getJsonLogObject(...args);
    const requestId = currentRequestId();
    return requestId === undefined ? record : { request_id: requestId, ...record };
  }

  // Scrubs the finished line: whatever a text came in by, message, stack, cause or field, it passes here.
  protected override stringifyJsonLogObject(...args: Parameters<ConsoleLogger['stringifyJsonLogObject']>): string {
    return scrub(super.stringifyJsonLogObject(...args));
  }
}
