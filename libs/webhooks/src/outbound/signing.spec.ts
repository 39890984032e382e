import { Webhook } from 'standardwebhooks';
import { newSigningSecret, signedHeaders } from './signing.js';

describe('signing', () => {
  it('makes the signature of the published example', () => {
    // From the test suite of Standard Webhooks.
    const headers = signedHeaders(
      {
        id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
        body: '{"test": 2432232314}',
        secrets: ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'],
      },
      new Date(1_614_265_330_000),
    );
    expect(headers).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });

  it('satisfies those who know either of two secrets, and nobody else', () => {
    const [young, old, foreign] = [newSigningSecret(), newSigningSecret(), newSigningSecret()];
    const body = '{"text":"你好"}';
    const headers = signedHeaders({ id: 'e1', body, secrets: [young, old] }, new Date());
    for (const secret of [young, old]) expect(new Webhook(secret).verify(body, headers)).toEqual({ text: '你好' });
    expect(() => new Webhook(foreign).verify(body, headers)).toThrow();
    expect(() => new Webhook(young).verify(body.replace('你', '我'), headers)).toThrow();
    expect(() => new Webhook(young).verify(body, { ...headers, 'webhook-id': 'e2' })).toThrow();
  });
});
