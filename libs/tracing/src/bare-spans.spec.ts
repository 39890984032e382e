import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { BareSpans } from './bare-spans.js';

const secret = 'S3cr3t-value_0123456789';

describe('spans that leave the process', () => {
  it('have what is known to be harmless, and of an error its class alone', () => {
    const exporter = new InMemorySpanExporter();
    const provider = new NodeTracerProvider({ spanProcessors: [new BareSpans(new SimpleSpanProcessor(exporter))] });
    const span = provider.getTracer('test').startSpan('POST', {
      kind: SpanKind.CLIENT,
      attributes: {
        'url.full': `https://h/?access_token=${secret}`,
        'url.query': `?access_token=${secret}`,
        'url.path': `/hooks/${secret}`,
        'db.query.text': `SELECT '${secret}'`,
        'http.request.header.authorization': [secret],
        'bullmq.job.failed.reason': secret,
        'some.day': secret,
        'http.route': '/v1/merchants/:appid',
        'http.response.status_code': 500,
      },
    });
    span.recordException(new TypeError(secret));
    span.setStatus({ code: SpanStatusCode.ERROR, message: secret });
    span.end();

    const [received] = exporter.getFinishedSpans();
    expect(received).toMatchObject({ name: 'POST', kind: SpanKind.CLIENT, events: [], ended: true });
    expect(received?.attributes).toEqual({
      'http.route': '/v1/merchants/:appid',
      'http.response.status_code': 500,
      'error.type': 'TypeError',
    });
    expect(received?.status).toEqual({ code: SpanStatusCode.ERROR });
    expect(received?.spanContext()).toEqual(span.spanContext());
  });
});
