import { ProcessMetrics } from './process-metrics.js';

describe('what a process counts', () => {
  const metrics = new ProcessMetrics();
  afterAll(() => metrics.close());

  it('begins with no failures, so that the first of them are an increase', async () => {
    metrics.countUpstreamCall({
      operation: 'mass/delete',
      path: '/cgi-bin/message/mass/delete',
      host: 'api.weixin.qq.com:443',
      unreachableHosts: [],
      httpStatus: 200,
      errcode: 0,
      errmsg: 'ok',
      rid: undefined,
      latencyMs: 12,
      outcome: 'done',
    });
    const told = (await metrics.registry.metrics()).split('\n');
    expect(told).toEqual(
      expect.arrayContaining([
        'retract_mints_total{holder="platform",outcome="unknown_outcome"} 0',
        'retract_mints_total{holder="merchant",outcome="connect_failed"} 0',
        'retract_upstream_calls_total{operation="mass/delete",outcome="done"} 1',
        'retract_upstream_calls_total{operation="mass/delete",outcome="unknown_outcome"} 0',
        'retract_upstream_calls_total{operation="mass/delete",outcome="connect_failed"} 0',
        'retract_webhook_attempts_total{outcome="given_up"} 0',
      ]),
    );
  });
});
