import { WebhookReceiver } from '../../../../test/support/webhook-receiver.js';
import { guardedAgent } from './guarded-agent.js';
import { isPublicAddress } from './public-address.js';

describe('a guarded connection', () => {
  let receiver: WebhookReceiver;

  beforeAll(async () => {
    receiver = await WebhookReceiver.start();
  });
  afterAll(() => receiver.close());

  /** @returns the status, or the code of what went wrong */
  async function call(host: string, isAllowed: (address: string) => boolean): Promise<unknown> {
    const agent = guardedAgent({ isAllowed, timeoutMs: 1_000 });
    try {
      const request = { origin: `http://${host}:${receiver.port}`, path: '/', method: 'POST', body: '{}' } as const;
      return (await agent.request(request)).statusCode;
    } catch (error) {
      return (error as { code: unknown }).code;
    } finally {
      await agent.destroy();
    }
  }

  it.each(['127.0.0.1', 'localhost'])('is made to %s where its address is allowed', async (host) => {
    expect(await call(host, (address) => address === '127.0.0.1')).toBe(204);
  });

  it.each(['127.0.0.1', 'localhost', '[::1]', '0.0.0.0'])('is not made to %s where it is not', async (host) => {
    const before = receiver.received.length;
    expect(await call(host, isPublicAddress)).toBe('private_address');
    expect(await call(host, () => false)).toBe('private_address');
    expect(receiver.received).toHaveLength(before);
  });

  it('says when a name leads nowhere', async () => {
    expect(await call('nowhere.invalid', () => true)).toMatch(/^(ENOTFOUND|EAI_AGAIN)$/);
  });
});
