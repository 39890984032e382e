import { MerchantsWorld } from '../../../test/support/merchants-world.js';
import { Platforms } from './platforms.js';
import { EVERYTHING } from './scope.js';

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
