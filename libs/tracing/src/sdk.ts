import { createRequire } from 'node:module';
import { FastifyOtelInstrumentation } from '@fastify/otel';
import { isSpanContextValid, trace } from '@opentelemetry/api';
import { setGlobalErrorHandler, W3CTraceContextPropagator } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { PgInstrumentation } from '@opentelemetry/instrumentation-pg';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { BullMQOtel } from 'bullmq-otel';
import { BareSpans } from './bare-spans.js';
import { telemetryOfJobs } from './job-tracer.js';
import type { Tracing, TracingOptions } from './tracing.js';

/** A process that stops does not wait longer for whoever takes the traces. */
const LAST_SPANS_MS = 3_000;
const TOLD_EVERY_MS = 60_000;

/** Probes and scrapes come every few seconds, and say nothing of the service's work. */
const UNTOLD = /^\/(health\/|metrics(\?|$))/;

/**
 * A trace comes in with requests and goes on in our own jobs (job-tracer.ts). Other people's servers, WeChat's and those
 * that webhooks go to, are not told of it; nor do we hand on the baggage of those who call us.
 */
class TakenOnly extends W3CTraceContextPropagator {
  override inject(): void {}
}

export function startSdk({ service, version, wechatUrls, onTrouble }: TracingOptions): Tracing {
  setGlobalErrorHandler(nowAndThen(onTrouble));
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.name': service, 'service.version': version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BareSpans(new BatchSpanProcessor(new OTLPTraceExporter()))],
  });
  provider.register({ propagator: new TakenOnly() });
  const requests = instrument(new Set(wechatUrls.map((url) => new URL(url).origin)));
  const current = () => {
    const span = trace.getActiveSpan()?.spanContext();
    return span && isSpanContextValid(span) ? span : undefined;
  };
  return {
    traceId: () => current()?.traceId,
    traceparent: () => {
      const span = current();
      return span && `00-${span.traceId}-${span.spanId}-0${span.traceFlags & 1}`;
    },
    telemetry: telemetryOfJobs(new BullMQOtel({ tracerName: 'bullmq' })),
    requests,
    stop: () => within(LAST_SPANS_MS, provider.shutdown()),
  };
}

/** Undici, whose requests are told on a channel, and pg. @returns what traces the requests of a Fastify */
function instrument(wechat: ReadonlySet<string>): Tracing['requests'] {
  const fastify = new FastifyOtelInstrumentation({
    instrumentHooks: false,
    instrumentHandler: false,
    recordExceptions: false,
    ignorePaths: ({ url }) => UNTOLD.test(url),
    requestHook: (span, { method, routeOptions }) => {
      span.updateName([method, routeOptions.url].filter(Boolean).join(' '));
    },
  });
  registerInstrumentations({
    instrumentations: [
      fastify,
      new PgInstrumentation({ requireParentSpan: true, ignoreConnectSpans: true }),
      new UndiciInstrumentation({
        requireParentforSpans: true,
        requestHook: (span, { method, origin, path }) => {
          if (!wechat.has(origin)) return;
          const [template = ''] = path.split('?');
          span.setAttribute('url.template', template);
          span.updateName(`${method} ${template}`);
        },
      }),
    ],
  });
  // pg is found as it is required. Ours was imported long before; its methods are changed all the same.
  createRequire(import.meta.url)('pg');
  return fastify.plugin();
}

function nowAndThen(tell: (error: unknown) => void): (error: unknown) => void {
  let toldAt = -Infinity;
  return (error) => {
    if (performance.now() - toldAt < TOLD_EVERY_MS) return;
    toldAt = performance.now();
    tell(error);
  };
}

/** Also of what fails: a process that stops has done its work, with its traces or without. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work.catch(() => undefined), timeout]);
  clearTimeout(timer);
}
