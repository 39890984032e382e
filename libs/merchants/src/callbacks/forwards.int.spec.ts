import { jobs } from '@app/queue';
import { EVERYTHING } from '@app/scope';
import { decodeAesKey, openPush } from '@app/wechat';
import { startCopiesReceiver } from '../../../../test/support/copies-receiver.js';
import { eventually } from '../../../../test/support/eventually.js';
import { freePort } from '../../../../test/support/free-port.js';
import { MerchantsWorld, type WorldPlatform } from '../../../../test/support/merchants-world.js';
import type { CallbackForward } from './callback-forward.entity.js';
import { CallbackInbox } from './callback-inbox.js';
import { CallbackLog } from './callback-log.js';
import { Forwards } from './forwards.js';
import { Platforms } from '../platforms/platforms.js';

describe('forwarding', () => {
  let world: MerchantsWorld;
  let platform: WorldPlatform;
  let receiver: Awaited<ReturnType<typeof startCopiesReceiver>>;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    platform = await world.platform({ hasTicket: false });
    receiver = await startCopiesReceiver();
  });
  afterEach(() => receiver.close());

  const forwards = () => world.get(Forwards);
  const forwardTo = (...forwardUrls: string[]) => world.get(Platforms).update(platform.componentAppid, { forwardUrls });
  /** The rows of this platform, oldest first. */
  const planned = (of = platform) =>
    world.sql<CallbackForward & { push_sealed: string | null; last_status: number | null; last_error: string | null }>(
      `SELECT f.* FROM callback_forwards f JOIN callback_events e ON e.id = f.event_id WHERE e.platform_id = $1 ORDER BY f.id`,
      [of.id],
    );
  const only = async () => {
    const [forward, ...others] = await planned();
    if (!forward || others.length > 0) throw new Error('not one forward');
    return forward;
  };
  const pushTicket = (to = platform) =>
    world.push(to, { InfoType: 'component_verify_ticket', ComponentVerifyTicket: 'ticket@@@forwarded' });
  const hasJob = async (id: string) => (await world.missingJobs('callback.forward', [id])).length === 0;

  it('sends a push on byte for byte, so that the receiver can verify and open it', async () => {
    await forwardTo(`${receiver.url}/wechat?key=7`);
    const push = world.sealed(platform, { InfoType: 'authorized', AuthorizerAppid: 'wx1', Text: '你好 &<>' });
    // Whatever a parser would change: order, case of escapes, empty and unknown parameters.
    const rawQuery = `${push.rawQuery}&x=%e4%BD%a0+%20&x=2&&empty=`;
    await world.get(CallbackInbox).receive({ ...push, rawQuery, contentType: 'text/xml; charset=UTF-8' });
    expect(await forwards().deliver((await only()).id)).toBeUndefined();

    expect(receiver.received).toEqual([
      {
        method: 'POST',
        url: `/wechat?key=7&${rawQuery}`,
        contentType: 'text/xml; charset=UTF-8',
        body: push.body,
      },
    ]);
    const [received] = receiver.received;
    const query = Object.fromEntries(new URL(received?.url ?? '', receiver.url).searchParams);
    const { token, encodingAesKey } = platform.secrets;
    const keys = { token, aesKeys: [decodeAesKey(encodingAesKey)], appid: platform.componentAppid };
    expect(openPush({ body: received?.body ?? Buffer.alloc(0), query, ...keys })).toMatchObject({
      ok: true,
      fields: { Text: '你好 &<>' },
    });
    expect(await only()).toMatchObject({ state: 'delivered', attempts: 1, last_status: 200, push_sealed: null });
  });

  it('puts the authorizer’s appid in the place of $APPID$, or the platform’s for a push about none', async () => {
    await forwardTo(`${receiver.url}/$APPID$/in`);
    const message = world.sealed(platform, { MsgType: 'text', Content: 'hello' });
    await world.get(CallbackInbox).receive({ ...message, channel: 'message', authorizerAppid: 'wx00000000000000aa' });
    await pushTicket();
    for (const { id } of await planned()) await forwards().deliver(id);
    expect(receiver.received.map(({ url }) => url.split('?')[0])).toEqual([
      '/wx00000000000000aa/in',
      `/${platform.componentAppid}/in`,
    ]);
  });

  it('forwards a push once to each address, however often it comes, and none that was refused', async () => {
    const neighbour = await world.platform({ hasTicket: false });
    await forwardTo(`${receiver.url}/a`, `${receiver.url}/b`);
    const push = world.sealed(platform, { InfoType: 'something_new' });
    const inbox = world.get(CallbackInbox);
    await Promise.all(Array.from({ length: 5 }, () => inbox.receive(push)));
    await inbox.receive({ ...push, body: Buffer.from('<xml></xml>') });
    await inbox.receive({ ...push, query: { ...push.query, msg_signature: 'forged' } });
    await pushTicket(neighbour);
    expect((await planned()).map(({ url }) => url)).toEqual([`${receiver.url}/a`, `${receiver.url}/b`]);
    expect(await planned(neighbour)).toEqual([]);
  });

  it('gives each forward a job, under its own id', async () => {
    await forwardTo(receiver.url);
    await pushTicket();
    const { id } = await only();
    await eventually(() => hasJob(id), Boolean);
  });

  it.each<[string, () => void | Promise<unknown>, { last_status: number | null; last_error: string | null }]>([
    ['a server error', () => void (receiver.status = 500), { last_status: 500, last_error: null }],
    ['a refusal', () => void (receiver.status = 404), { last_status: 404, last_error: null }],
    [
      'a redirect, which is not followed',
      () => void Object.assign(receiver, { status: 302, headers: { location: '/elsewhere' } }),
      { last_status: 302, last_error: null },
    ],
    ['no answer in time', () => void (receiver.isSilent = true), { last_status: null, last_error: 'timeout' }],
    [
      'nobody there',
      async () => forwardTo(`http://127.0.0.1:${await freePort()}/`),
      { last_status: null, last_error: 'ECONNREFUSED' },
    ],
  ])('tries again after %s, and keeps the push for it', async (_what, trouble, facts) => {
    await forwardTo(receiver.url);
    await trouble();
    await pushTicket();
    const { id, push_sealed: sealed } = await only();
    const next = await forwards().deliver(id);
    expect(next?.retryAfterMs).toBeGreaterThan(0);
    expect(await only()).toMatchObject({ state: 'pending', attempts: 1, push_sealed: sealed, ...facts });
    expect(receiver.received.filter(({ url }) => url.startsWith('/elsewhere'))).toEqual([]);
  });

  it('succeeds with any 2xx, and leaves alone what is delivered or gone', async () => {
    receiver.status = 204;
    await forwardTo(receiver.url);
    await pushTicket();
    const { id } = await only();
    await forwards().deliver(id);
    await forwards().deliver(id);
    expect(await forwards().deliver('0199e0f1-0000-7000-8000-000000000000')).toBeUndefined();
    expect(receiver.received).toHaveLength(1);
    expect(await only()).toMatchObject({ state: 'delivered', attempts: 1, last_status: 204 });
  });

  it('gives up after the last attempt and forgets the push', async () => {
    receiver.status = 503;
    await forwardTo(receiver.url);
    await pushTicket();
    const { id } = await only();
    const { attempts } = jobs['callback.forward'];
    for (let attempt = 1; attempt < attempts; attempt++) expect(await forwards().deliver(id)).toBeDefined();
    expect(await forwards().deliver(id)).toBeUndefined();
    expect(await only()).toMatchObject({ state: 'given_up', attempts, last_status: 503, push_sealed: null });
    expect(await forwards().deliver(id)).toBeUndefined();
    expect(receiver.received).toHaveLength(attempts);
  });

  it('sends nothing more to an address that was taken away', async () => {
    await forwardTo(receiver.url);
    await pushTicket();
    await forwardTo();
    await forwards().deliver((await only()).id);
    expect(receiver.received).toEqual([]);
    expect(await only()).toMatchObject({ state: 'given_up', last_error: 'url_removed', push_sealed: null });
  });

  it('answers although the queue is down, and the sweep gives the forward its job', async () => {
    const cutOff = await world.process({ queueUrl: `postgres://127.0.0.1:${await freePort()}/none` });
    await forwardTo(receiver.url);
    const push = world.sealed(platform, { InfoType: 'something_new' });
    expect(await cutOff.get(CallbackInbox).receive(push)).toMatchObject({ accepted: true, isDuplicate: false });
    const { id } = await only();
    expect(await hasJob(id)).toBe(false);
    // One that has just been planned is left to whoever is adding its job.
    await forwards().sweep(60_000);
    expect(await hasJob(id)).toBe(false);
    await forwards().sweep(0);
    expect(await hasJob(id)).toBe(true);
  });

  it('keeps the push sealed at rest, and shows none of it in the log of callbacks', async () => {
    await forwardTo(receiver.url);
    await pushTicket();
    const { push_sealed: sealed } = await only();
    expect(sealed).not.toContain('Encrypt');
    const recorded = await world.get(CallbackLog).list(EVERYTHING, { platformId: platform.id, limit: 10 });
    expect(recorded).toMatchObject([{ event: { kind: 'component_verify_ticket' }, forwards: [{ state: 'pending' }] }]);
  });
});
