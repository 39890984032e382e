import { context, defaultTextMapSetter, trace, type Context } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { SpanKind, type Span, type Telemetry } from 'bullmq';

/** Where a span would stand that is not made. */
const NONE: Span = {
  setSpanOnContext: (current: unknown) => current,
  setAttribute: () => undefined,
  setAttributes: () => undefined,
  addEvent: () => undefined,
  recordException: () => undefined,
  end: () => undefined,
};

const w3c = new W3CTraceContextPropagator();

/** The trace as it is kept with a job: nobody else is handed one. */
function getMetadata(current: Context): string {
  const metadata = {};
  w3c.inject(current, metadata, defaultTextMapSetter);
  return JSON.stringify(metadata);
}

/**
 * BullMQ's spans without its housekeeping: workers look for jobs all the time, and each look would be a trace of its
 * own. A trace begins with a request or with a job; all else belongs to one, or is not told.
 */
export function telemetryOfJobs(telemetry: Telemetry): Telemetry {
  return {
    ...telemetry,
    contextManager: Object.assign(Object.create(telemetry.contextManager) as Telemetry['contextManager'], {
      getMetadata,
    }),
    tracer: {
      startSpan: (name, options, parent) => {
        const isPart = trace.getSpan((parent ?? context.active()) as never) !== undefined;
        const isTold = options?.kind === SpanKind.CONSUMER || (isPart && !name.startsWith('getNextJob'));
        return isTold ? telemetry.tracer.startSpan(name, options, parent) : NONE;
      },
    },
  };
}
