import { ConsoleLogger, type LogLevel } from '@nestjs/common';
import { currentTraceId } from '@app/tracing';
import { errorFields, withoutStack } from './error-fields.js';
import { currentRequestId } from './request-context.js';
import { scrub } from './scrub.js';
import { redactedKeys } from './secret-names.js';

/** From the fewest lines to the most; a level includes those before it. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'verbose'] as const;

export interface LoggerOptions {
  level: (typeof logLevels)[number];
  /** Whether nobody needs the stack of an error that mends itself: that of a server that is away comes often. */
  isForeseen?: (error: unknown) => boolean;
}

/**
 * Nest's logger as one line of JSON per record, for `NestFactory.create(…, { logger })`. Facts given after the message
 * become fields: `logger.log('token refreshed', { authorizer_appid })`, and an error among them becomes `error` with
 * its parts. Each line carries the ids of the request and of the trace in which it was written, and no secret: known
 * keys are redacted, and secrets within texts are scrubbed.
 */
export function createLogger({ level, isForeseen = () => false }: LoggerOptions): ConsoleLogger {
  return new JsonLogger(level, isForeseen);
}

/**
 * Facts that can hold no secret, being numbers, ids and words of our own: a line of them is written as it is. Looking
 * through every fact takes longer than all the rest, and some lines come with every request.
 */
export class PlainFacts {
  constructor(facts: Record<string, string | number | boolean | undefined>) {
    Object.assign(this, facts);
  }
}

/** The contexts of Nest's own logger for that, and for a port that is taken. */
const NEST_THROWS = new Set<unknown>(['ExceptionHandler', 'NestApplication']);

/** Nest's name for `info`. */
const asNest = (level: LoggerOptions['level']): LogLevel => (level === 'info' ? 'log' : level);
const asTold = (level: LogLevel): LoggerOptions['level'] => (level === 'log' ? 'info' : level);

class JsonLogger extends ConsoleLogger {
  constructor(
    level: LoggerOptions['level'],
    private readonly isForeseen: (error: unknown) => boolean,
  ) {
    super({
      json: true,
      flattenParams: true,
      colors: false,
      logLevels: logLevels.slice(0, logLevels.indexOf(level) + 1).map(asNest),
      redact: [...redactedKeys],
    });
  }

  /** Nest logs what keeps it from starting, and throws it then: whoever started it tells of it, once. */
  override error(message: unknown, ...rest: unknown[]): void {
    if (!NEST_THROWS.has(rest.at(-1))) super.error(message, ...rest);
  }

  override log(message: unknown, ...rest: unknown[]): void {
    const [facts, context] = rest;
    if (!(facts instanceof PlainFacts)) return super.log(message, ...rest);
    if (!this.isLevelEnabled('log')) return;
    const line = { ...recordOf('log', message as string, context), ...facts };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  }

  protected override printAsJson(message: unknown, options: Parameters<ConsoleLogger['printAsJson']>[1]): void {
    const { context, logLevel, writeStreamType = 'stdout', errorStack, params, error } = options;
    const record = {
      ...recordOf(logLevel, this.inWords(message), context),
      ...(errorStack !== undefined && { error: { message: String(message), stack_trace: this.inWords(errorStack) } }),
    };
    const facts = error === undefined ? params : { ...params, error };
    process[writeStreamType].write(`${this.stringifyJsonLogObject(this.withFacts(record, facts, logLevel))}\n`);
  }

  private withFacts(
    record: Record<string, unknown>,
    facts: Record<string, unknown> | undefined,
    level: LogLevel,
  ): Record<string, unknown> {
    for (const [name, value] of Object.entries(facts ?? {})) {
      if (!OWN_FIELDS.has(name)) record[name] = name === 'error' ? this.asError(value, level) : value;
    }
    return record;
  }

  /** A log store takes a field that is a text in one line and an object in the next for a mistake. */
  private asError(value: unknown, level: LogLevel): unknown {
    if (hasForm(value)) return value;
    const isMild = level !== 'error' && level !== 'fatal';
    return isMild && this.isForeseen(value) ? withoutStack(value) : errorFields(value);
  }

  private inWords(message: unknown): string {
    if (typeof message !== 'object' || message === null) return String(message);
    return this.stringifyJsonLogObject(message as Record<string, unknown>);
  }

  // Scrubs the finished line: whatever a text came in by, message, stack, cause or field, it passes here.
  protected override stringifyJsonLogObject(...args: Parameters<ConsoleLogger['stringifyJsonLogObject']>): string {
    return scrub(super.stringifyJsonLogObject(...args));
  }
}

function recordOf(level: LogLevel, message: string, context: unknown) {
  return {
    timestamp: new Date().toISOString(),
    level: asTold(level),
    message,
    context: context || undefined,
    pid: process.pid,
    request_id: currentRequestId(),
    trace_id: currentTraceId(),
  };
}

/** What the line has of itself, but for the ids of where it was written, no fact can change. */
const OWN_FIELDS = new Set(['timestamp', 'level', 'message', 'context', 'pid']);

const hasForm = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'message' in value && !('stack' in value);
