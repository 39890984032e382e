import { Webhook } from 'standardwebhooks';
import { WebhookReceiver, WebhookRefused } from './webhooks.js';

const [OLD, NEW, OTHER] = ['old', 'new', 'other'].map(
  (name) => `whsec_${Buffer.from(name.repeat(8)).toString('base64')}`,
) as [string, string, string];
const event = {
  id: 'e1',
  type: 'deletion.failed',
  timestamp: '2026-11-23T20:15:04.120Z',
  data: { msg_id: '3147483661' },
};
const BODY = JSON.stringify(event);

function signed(secrets: string[], secondsAgo = 0) {
  const at = new Date(Date.now() - secondsAgo * 1_000);
  return {
    'webhook-id': 'e1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign('e1', at, BODY)).join(' '),
  };
}

describe('a webhook', () => {
  it.each<[string, string | string[], string[]]>([
    ['its secret', NEW, [NEW]],
    ['both, while the sender signs with both', NEW, [OLD, NEW]],
    ['the old one, which is known still', [NEW, OLD], [OLD]],
    ['the new one, which is known already', [OLD, NEW], [NEW]],
  ])('is taken when it is signed with %s', (_what, secrets, signers) => {
    expect(new WebhookReceiver(secrets).verify(BODY, signed(signers))).toEqual(event);
  });

  it('is taken with headers and bodies as servers have them', () => {
    const receiver = new WebhookReceiver(NEW);
    const headers = signed([NEW]);
    const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    for (const given of [headers, new Headers(headers), shouted]) {
      for (const body of [BODY, Buffer.from(BODY), new TextEncoder().encode(BODY)]) {
        expect(receiver.verify(body, given)).toEqual(event);
      }
    }
  });

  it.each<[string, string, ReturnType<typeof signed> | Record<string, string>]>([
    ['with another secret', BODY, signed([OTHER])],
    ['and changed', BODY.replace('3147483661', '3147483662'), signed([NEW])],
    ['six minutes ago', BODY, signed([NEW], 360)],
    ['in six minutes', BODY, signed([NEW], -360)],
    ['under another id', BODY, { ...signed([NEW]), 'webhook-id': 'e2' }],
    ['at another time', BODY, { ...signed([NEW]), 'webhook-timestamp': signed([NEW], 60)['webhook-timestamp'] }],
    ['at no time', BODY, { ...signed([NEW]), 'webhook-timestamp': 'now' }],
    ['not at all', BODY, {}],
  ])('is refused when it is signed %s', (_what, body, headers) => {
    expect(() => new WebhookReceiver([OLD, NEW]).verify(body, headers)).toThrow(WebhookRefused);
  });

  it('is refused earlier where the receiver says so', () => {
    const receiver = new WebhookReceiver(NEW, { toleranceSeconds: 30 });
    expect(receiver.verify(BODY, signed([NEW], 20))).toEqual(event);
    expect(() => receiver.verify(BODY, signed([NEW], 40))).toThrow(WebhookRefused);
  });

  it.each([
    ['no secret', [], {}],
    ['an empty secret', '', {}],
    ['a tolerance that the standard does not have', NEW, { toleranceSeconds: 301 }],
    ['no tolerance', NEW, { toleranceSeconds: 0 }],
  ])('needs what it is verified by: not %s', (_what, secrets, options) => {
    expect(() => new WebhookReceiver(secrets, options)).toThrow();
  });
});
