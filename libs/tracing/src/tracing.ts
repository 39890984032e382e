import type { Telemetry } from 'bullmq';
import type { FastifyPluginCallback } from 'fastify';

export interface TracingOptions {
  /** `retract-api` or `retract-worker`; `OTEL_SERVICE_NAME` overrides it. */
  service: string;
  version: string;
  /** The addresses of WeChat: what stands behind any other one may be a secret, also its path. */
  wechatUrls: readonly string[];
  /** Told when traces cannot be handed over, at most once a minute. */
  onTrouble: (error: unknown) => void;
}

/** OpenTelemetry, once it is loaded. */
export interface Tracing {
  traceId(): string | undefined;
  traceparent(): string | undefined;
  /** For BullMQ's queues and workers. */
  telemetry: Telemetry;
  requests: FastifyPluginCallback;
  stop(): Promise<void>;
}

let tracing: Tracing | undefined;

/**
 * Begins to trace. OpenTelemetry is loaded only now: without traces, a process does not pay for it. Its SDK reads the
 * standard OTEL_… variables by itself.
 */
export async function startTracing(options: TracingOptions): Promise<void> {
  const { startSdk } = await import('./sdk.js');
  tracing = startSdk(options);
}

/** Sends what is left, in some seconds at most. */
export async function stopTracing(): Promise<void> {
  await tracing?.stop();
}

/** The trace of the request or job that is being worked on; undefined without tracing. */
export const currentTraceId = (): string | undefined => tracing?.traceId();

/** The place in that trace where what comes later goes on, as W3C's `traceparent`: it may be kept with a row. */
export const currentTraceparent = (): string | undefined => tracing?.traceparent();

/** Carries traces through jobs; undefined without tracing. */
export const jobTelemetry = (): Telemetry | undefined => tracing?.telemetry;

/** A plugin of Fastify that traces requests from its own hook on; undefined without tracing. */
export const requestTracing = (): FastifyPluginCallback | undefined => tracing?.requests;
