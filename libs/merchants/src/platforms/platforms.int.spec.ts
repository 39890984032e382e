import { EVERYTHING } from '@app/scope';
import { MerchantsWorld } from '../../../../test/support/merchants-world.js';
import { Platforms } from './platforms.js';

const KEYS = ['a', 'b', 'c'].map((letter) => letter.repeat(42) + 'B');
const [FIRST = '', SECOND = '', THIRD = ''] = KEYS;

describe('platforms', () => {
  let world: MerchantsWorld;
  let appid = 0;

  beforeAll(async () => {
    world = await MerchantsWorld.start();
  });
  afterAll(() => world.close());

  const platforms = () => world.get(Platforms);
  const register = async () => {
    const componentAppid = `wxaaaaaaaaaaaa${String(++appid).padStart(4, '0')}`;
    await platforms().register(componentAppid, { appSecret: 'secret', token: 'token', encodingAesKey: FIRST });
    return componentAppid;
  };
  const keysOf = async (componentAppid: string) =>
    (await platforms().pushCredentials(componentAppid)).aesKeys.map((key) =>
      KEYS.findIndex((one) => decoded(one).equals(key)),
    );
  const decoded = (key: string) => Buffer.from(`${key}=`, 'base64');

  it('are registered once, also by several at the same time', async () => {
    const secrets = { appSecret: 'secret', token: 'token', encodingAesKey: FIRST };
    const answers = await Promise.allSettled(
      Array.from({ length: 4 }, () => platforms().register('wxbbbbbbbbbbbbbbbb', secrets)),
    );
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await expect(platforms().register('wxbbbbbbbbbbbbbbbb', secrets)).rejects.toMatchObject({
      code: 'platform_exists',
    });
  });

  it('that are not there are not found', async () => {
    await expect(platforms().get(EVERYTHING, 'wxcccccccccccccccc')).rejects.toMatchObject({
      code: 'platform_not_found',
    });
    await expect(platforms().update('wxcccccccccccccccc', { token: 'x' })).rejects.toMatchObject({
      code: 'platform_not_found',
    });
  });

  it('that are asked for by made-up appids cost one query a second together', async () => {
    const pushedTo = (componentAppid: string) => platforms().pushCredentials(componentAppid);
    const notFound = { code: 'platform_not_found' };
    const start = performance.now();
    // From here on nothing is remembered of the tests before.
    const clock = jest.spyOn(performance, 'now').mockReturnValue(start + 2_000);
    try {
      await expect(pushedTo('wxdddddddddddd0000')).rejects.toMatchObject(notFound);
      await world.sql(`ALTER TABLE platforms RENAME TO away`);
      clock.mockReturnValue(start + 2_999);
      for (let i = 1; i < 100; i++) await expect(pushedTo(`wxdddddddddddd00${i}`)).rejects.toMatchObject(notFound);
      clock.mockReturnValue(start + 3_001);
      await expect(pushedTo('wxdddddddddddd0000')).rejects.toThrow('platforms');
      await world.sql(`ALTER TABLE away RENAME TO platforms`);
      expect(await pushedTo(await register())).toMatchObject({ token: 'token' });
    } finally {
      clock.mockRestore();
    }
  });

  it('without merchants can be deleted with all that is of them, and registered anew', async () => {
    const [one, other] = [await register(), await register()];
    const { id } = await platforms().get(EVERYTHING, one);
    const event = `INSERT INTO callback_events (id, platform_id, fingerprint, channel, kind, state, request_id, pushed_at)
      VALUES (gen_random_uuid(), $1, 'f', 'authorization', 'component_verify_ticket', 'done', 'r', now()) RETURNING id`;
    const [pushed] = await world.sql<{ id: string }>(event, [id]);
    await world.sql(`INSERT INTO callback_forwards (id, event_id, url) VALUES (gen_random_uuid(), $1, 'http://x')`, [
      pushed?.id,
    ]);
    await world.sql(`INSERT INTO access_tokens (holder_id) VALUES ($1)`, [id]);
    await world.sql(`INSERT INTO platform_pacing (platform_id) VALUES ($1)`, [id]);
    await platforms().pushCredentials(one);

    let isAudited = false;
    await platforms().delete(one, () => ((isAudited = true), Promise.resolve()));
    expect(isAudited).toBe(true);
    const notFound = { code: 'platform_not_found' };
    await expect(platforms().get(EVERYTHING, one)).rejects.toMatchObject(notFound);
    await expect(platforms().pushCredentials(one)).rejects.toMatchObject(notFound);
    await expect(platforms().delete(one)).rejects.toMatchObject(notFound);
    expect(await platforms().get(EVERYTHING, other)).toMatchObject({ componentAppid: other });
    const secrets = { appSecret: 'secret', token: 'token', encodingAesKey: FIRST };
    expect(await platforms().register(one, secrets)).toMatchObject({ componentAppid: one });
  });

  it('with merchants stay, and all that is of them', async () => {
    const one = await register();
    const { id } = await platforms().get(EVERYTHING, one);
    await world.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state) VALUES (gen_random_uuid(), $1, 'wxdddddddddddddddd', 'unauthorized')`,
      [id],
    );
    await expect(
      platforms().delete(one, () => Promise.reject(new Error('was to be written with the deletion'))),
    ).rejects.toMatchObject({ code: 'platform_has_merchants' });
    expect(await platforms().get(EVERYTHING, one)).toMatchObject({ id });
  });

  it('keep the AES key that is replaced as the previous one, whatever else the change names', async () => {
    const one = await register();
    expect(await keysOf(one)).toEqual([0]);
    await platforms().update(one, { encodingAesKey: SECOND });
    expect(await keysOf(one)).toEqual([1, 0]);
    // As a request comes in: every field named, those that were left out undefined.
    const rest = { appSecret: undefined, token: undefined, previousEncodingAesKey: undefined };
    await platforms().update(one, { ...rest, encodingAesKey: THIRD });
    expect(await keysOf(one)).toEqual([2, 1]);
  });

  it('keep the previous AES key when the same change is sent twice', async () => {
    const one = await register();
    await platforms().update(one, { encodingAesKey: SECOND });
    await platforms().update(one, { encodingAesKey: SECOND });
    expect(await keysOf(one)).toEqual([1, 0]);
  });

  it('forget the previous AES key on request, and take one that is given', async () => {
    const one = await register();
    await platforms().update(one, { encodingAesKey: SECOND, previousEncodingAesKey: THIRD });
    expect(await keysOf(one)).toEqual([1, 2]);
    await platforms().update(one, { previousEncodingAesKey: null });
    expect(await keysOf(one)).toEqual([1]);
  });

  it('stay as they are when a change changes nothing, and when another platform is changed', async () => {
    const one = await register();
    const other = await register();
    await platforms().update(one, {});
    await platforms().update(other, { appSecret: 'another', token: 'another' });
    expect(await platforms().appSecret((await platforms().get(EVERYTHING, one)).id)).toBe('secret');
    expect(await platforms().pushCredentials(one)).toMatchObject({ token: 'token' });
    expect(await platforms().pushCredentials(other)).toMatchObject({ token: 'another' });
    expect(await keysOf(one)).toEqual([0]);
  });

  it('show no secret', async () => {
    const shown = JSON.stringify([
      await platforms().get(EVERYTHING, await register()),
      await platforms().list(EVERYTHING),
    ]);
    for (const secret of ['secret', '"token', FIRST, 'sealed']) expect(shown.toLowerCase()).not.toContain(secret);
  });
});
