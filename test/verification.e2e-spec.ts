import { Verifications } from '@app/deletions';
import { eventually } from './support/eventually.js';
import { System } from './support/system.js';

let system: System;

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
});
afterAll(() => system.close());

const deleteMessage = async (target: object) => {
  const [one] = await system.grantedMerchants(1);
  const body = { merchant: one?.merchant, msg_id: one?.msgId, ...target };
  const { id } = (await system.call('POST', '/v1/deletions', body)).body;
  return system.finished(id);
};
const operations = async (id: string) =>
  (await system.call('GET', `/v1/deletions/${id}/attempts`)).body.data.map(({ op }: { op: string }) => op);
const eventsOf = async (id: string) =>
  (await system.sql<{ type: string }>(`SELECT type FROM events WHERE deletion_id = $1 ORDER BY seq`, [id])).map(
    ({ type }) => type,
  );
/** As a job would that the sweep has started. */
const look = (id: string) => system.runningWorker.get(Verifications).look(id);
const nextLookIn = async (id: string) => {
  const [row] = await system.sql<{ seconds: number | null }>(
    `SELECT round(extract(epoch FROM verify_at - now()))::int AS seconds FROM deletions WHERE id = $1`,
    [id],
  );
  return row?.seconds ?? null;
};

describe('an accepted deletion', () => {
  it('of a whole message is verified by WeChat’s word, by itself', async () => {
    const { id, proof } = await deleteMessage({ whole_message: true });
    expect(proof).toBe('acknowledged');
    expect(await nextLookIn(id)).toBeLessThanOrEqual(10);
    await system.sql(`UPDATE deletions SET verify_at = now() WHERE id = $1`, [id]);
    // The sweep comes every quarter of a minute.
    await eventually(
      () => system.call('GET', `/v1/deletions/${id}`),
      ({ body }) => body.proof === 'verified',
    );
    expect(await operations(id)).toEqual(['mass/delete', 'mass/get']);
    expect(await eventsOf(id)).toEqual(['deletion.succeeded', 'deletion.verified']);
    expect(await nextLookIn(id)).toBeNull();
  });

  it('of a single article is not looked for: WeChat tells of whole messages only', async () => {
    const { id } = await deleteMessage({ article_idx: 1 });
    expect(await nextLookIn(id)).toBeNull();
    await look(id);
    expect(await operations(id)).toEqual(['mass/delete']);
  });

  it('whose message is still there is looked for later, and some day no more', async () => {
    await system.control('POST', 'faults', { operation: 'mass/delete', outcome: 'errcode', errcode: 0 });
    const { id } = await deleteMessage({ whole_message: true });
    await look(id);
    expect(await nextLookIn(id)).toBeGreaterThan(100);
    await look(id);
    await look(id);
    expect(await nextLookIn(id)).toBeGreaterThan(80_000);
    await look(id);
    expect(await nextLookIn(id)).toBeNull();
    expect((await system.call('GET', `/v1/deletions/${id}`)).body).toMatchObject({
      state: 'succeeded',
      proof: 'acknowledged',
    });
    expect(await eventsOf(id)).toEqual(['deletion.succeeded']);
  });

  it('is looked for later when WeChat does not answer, and the next look renews a dead token', async () => {
    const { id, merchant } = await deleteMessage({ whole_message: true });
    await system.control('POST', 'faults', { operation: 'mass/get', outcome: 'http' });
    await look(id);
    await system.control('POST', 'faults', { operation: 'mass/get', outcome: 'errcode', errcode: 40001 });
    await look(id);
    await look(id);
    expect((await system.call('GET', `/v1/deletions/${id}`)).body.proof).toBe('verified');
    const mints = await system.control('GET', `calls?operation=api_authorizer_token&authorizer_appid=${merchant}`);
    expect(mints.data.length).toBeGreaterThan(0);
  });
});
