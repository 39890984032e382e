import type { Attributes, Context } from '@opentelemetry/api';
import type { ReadableSpan, Span, SpanProcessor } from '@opentelemetry/sdk-trace-node';

/** The attributes that leave the process. All others may hold a query, a value of a statement, or what somebody sent. */
const KEPT = new Set([
  'bullmq.job.attempts.made',
  'bullmq.job.bulk.count',
  'bullmq.job.id',
  'bullmq.job.name',
  'bullmq.queue.name',
  'db.namespace',
  'db.system.name',
  'error.type',
  'http.request.method',
  'http.response.status_code',
  'http.route',
  'network.peer.address',
  'network.peer.port',
  'server.address',
  'server.port',
  'url.scheme',
  // Of WeChat's addresses: see sdk.ts.
  'url.template',
]);

/** Hands spans on without what may hold a secret: texts of errors stand in the log, under the same trace id. */
export class BareSpans implements SpanProcessor {
  constructor(private readonly next: SpanProcessor) {}

  onStart(span: Span, context: Context): void {
    this.next.onStart(span, context);
  }

  onEnd(span: ReadableSpan): void {
    this.next.onEnd(bare(span));
  }

  forceFlush(): Promise<void> {
    return this.next.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.next.shutdown();
  }
}

/** The same span, seen without events, texts and attributes that are not known to be harmless. */
export function bare(span: ReadableSpan): ReadableSpan {
  const attributes: Attributes = Object.fromEntries(Object.entries(span.attributes).filter(([name]) => KEPT.has(name)));
  const thrown = span.events.find(({ name }) => name === 'exception')?.attributes?.['exception.type'];
  if (thrown !== undefined) attributes['error.type'] ??= thrown;
  // All the rest is the span's own, which does not change any more.
  return Object.create(span, {
    attributes: { value: attributes },
    events: { value: [] },
    status: { value: { code: span.status.code } },
  }) as ReadableSpan;
}
