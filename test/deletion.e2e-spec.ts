import { queueBackends } from './support/queue-backends.js';
import { PLATFORM, System } from './support/system.js';

describe.each(queueBackends)('a deletion, with the queue on %s', (_backend, queueUrlFor) => {
  let system: System;

  beforeAll(async () => {
    system = await System.start({ queueUrlFor });
    await system.registerPlatform();
  });
  afterAll(() => system.close());

  it('takes one article of a mass message back and proves it', async () => {
    const merchant = await system.onboardMerchant({ nick_name: 'Tea house' });
    const msgId = await system.sendMassMessage(merchant);

    const accepted = await system.call('POST', '/v1/deletions', { merchant, msg_id: msgId, article_idx: 2 });
    expect(accepted.status).toBe(202);
    expect(await system.finished(accepted.body.id)).toMatchObject({
      merchant,
      component_appid: PLATFORM.component_appid,
      msg_id: msgId,
      article_idx: 2,
      whole_message: false,
      state: 'succeeded',
      outcome: { code: 'deleted', errcode: 0 },
      proof: 'acknowledged',
      attempts: 1,
    });

    const attempts = await system.call('GET', `/v1/deletions/${accepted.body.id}/attempts`);
    expect(attempts.body.data).toEqual([
      expect.objectContaining({ op: 'mass/delete', outcome: 'accepted', errcode: 0, http_status: 200 }),
    ]);
    const message = await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`);
    expect(message).toMatchObject({ delete_calls: 1, delete_effects: 1 });
    expect(message.articles.map((article: { is_deleted: boolean }) => article.is_deleted)).toEqual([false, true]);
  });
});
