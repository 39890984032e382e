import { randomUUID } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import type { Merchant } from '@app/merchants';
import { eventually } from '../../../../test/support/eventually.js';
import { addressOf, DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import type { Asker } from './ceilings.js';
import { KnownTargets } from '../takedowns/known-targets.js';
import { TakedownRoom } from '../takedowns/takedown-room.js';
import type { TakedownItem } from '../takedowns/takedown-item.js';

const LIMITS = { pendingPerMerchant: 12, pendingPerKey: 30, pendingPerTenant: 20, etaDays: 2 };
const EVERYTHING = { platforms: null, merchants: null };

describe('the ceilings', () => {
  let desk: DeletionsDesk;
  let merchant: Merchant;
  let lastMsgId = 5_000_000_000n;

  beforeAll(async () => {
    desk = await DeletionsDesk.open(LIMITS);
  });
  afterAll(() => desk.close());
  beforeEach(async () => {
    merchant = await desk.aMerchant({ dailyLimit: 1_000 });
  });

  /** One of the provider's, unless it has limits. */
  const aKey = async (merchants: string[] | null = null, issuer: Asker | null = null): Promise<Asker> => {
    const id = randomUUID();
    await desk.sql(
      `INSERT INTO api_keys (id, name, key_hash, role, merchants, created_by)
       VALUES ($1::uuid, 'a key', $1::text, 'admin', $2, $3)`,
      [id, merchants, issuer?.requestedBy ?? null],
    );
    return { requestedBy: id, scope: { platforms: null, merchants } };
  };
  const post = (
    { requestedBy, scope }: Asker,
    {
      of = merchant,
      ...more
    }: { of?: Merchant; msgId?: bigint; isUrgent?: boolean; allowLate?: boolean; notBefore?: Date } = {},
  ) =>
    desk.deletionIntake.accept(
      desk.dataSource.manager,
      { ...addressOf(of), scope },
      {
        id: uuidv7(),
        target: { msgId: more.msgId ?? ++lastMsgId, articleIdx: 1 },
        isUrgent: false,
        notBefore: null,
        reason: null,
        metadata: {},
        requestId: 'test',
        requestedBy,
        ...more,
      },
    );
  /** @returns how many of so many were accepted before one was not, and why */
  const postUntilFull = async (asker: Asker, of?: Merchant, most = 100) => {
    for (let count = 0; count < most; count++) {
      try {
        await post(asker, { of: of ?? merchant });
      } catch (error) {
        return { count, error };
      }
    }
    return { count: most, error: undefined };
  };

  it('keep a tenant from filling a merchant’s lane, and say which ceiling it is; open targets are answered on', async () => {
    const tenant = await aKey([merchant.authorizerAppid]);
    const { deletion } = await post(tenant, { msgId: 7n });
    const { count, error } = await postUntilFull(tenant);
    expect([count + 1, error]).toEqual([
      LIMITS.pendingPerMerchant,
      expect.objectContaining({ code: 'pending_too_many', ceiling: 'merchant', limit: 12 }),
    ]);
    expect(await post(tenant, { msgId: 7n })).toMatchObject({ isNew: false, deletion: { id: deletion.id } });
  });

  it('of a tenant hold for keys that it issues with narrower limits, and not for the provider', async () => {
    const other = await desk.aMerchant();
    const tenant = await aKey([merchant.authorizerAppid, other.authorizerAppid]);
    await postUntilFull(tenant);
    for (let i = 0; i < 3; i++) {
      const narrower = await aKey([merchant.authorizerAppid], tenant);
      await expect(post(narrower)).rejects.toMatchObject({ ceiling: 'merchant' });
    }
    // Those of another tenant have room of their own, and the provider's urgent one passes.
    await post(await aKey([merchant.authorizerAppid]));
    const provider = await aKey();
    expect(await post(provider, { isUrgent: true })).toMatchObject({ isNew: true });
  });

  it('hold for all merchants of a tenant together, and for each of the provider’s keys by itself', async () => {
    const merchants = await Promise.all(Array.from({ length: 4 }, () => desk.aMerchant({ dailyLimit: 1_000 })));
    const fill = async (asker: Asker) => {
      const filled = [];
      for (const of of merchants) filled.push(await postUntilFull(asker, of));
      return [filled.reduce((sum, { count }) => sum + count, 0), filled.at(-1)?.error];
    };
    const tenant = await aKey(merchants.map(({ authorizerAppid }) => authorizerAppid));
    expect(await fill(tenant)).toEqual([20, expect.objectContaining({ ceiling: 'tenant', limit: 20 })]);
    for (const provider of [await aKey(), await aKey()]) {
      expect(await fill(provider)).toEqual([30, expect.objectContaining({ ceiling: 'key', limit: 30 })]);
    }
  });

  it('give room again when deletions have come to their end', async () => {
    const tenant = await aKey([merchant.authorizerAppid]);
    const { deletion } = await post(tenant);
    await postUntilFull(tenant);
    await desk.deletionChanges.cancel(EVERYTHING, deletion.id);
    const tryOne = async () => (await postUntilFull(tenant, merchant, 1)).count;
    await eventually(tryOne, (count) => count === 1);
    expect(await postUntilFull(tenant)).toMatchObject({ count: 0, error: { ceiling: 'merchant' } });
  });

  it('are seen by other processes, a second late at most', async () => {
    const tenant = await aKey([merchant.authorizerAppid]);
    await postUntilFull(tenant);
    const beside = await DeletionsDesk.beside(desk);
    const address = { ...addressOf(merchant), scope: tenant.scope };
    await expect(
      beside.deletionIntake.accept(beside.dataSource.manager, address, {
        id: uuidv7(),
        target: { msgId: ++lastMsgId, articleIdx: 1 },
        isUrgent: false,
        notBefore: null,
        reason: null,
        metadata: {},
        requestId: 'test',
        requestedBy: tenant.requestedBy,
      }),
    ).rejects.toMatchObject({ ceiling: 'merchant' });
    await beside.leave();
  });

  it('refuse what would leave its lane late, unless it says that it may, or is wanted later, or passes the others', async () => {
    const provider = await aKey();
    // Four a day, two of them for urgent ones.
    const slow = await desk.aMerchant({ dailyLimit: 4 });
    for (let i = 0; i < 8; i++) await post(provider, { of: slow, allowLate: true });
    const late = await post(provider, { of: slow }).catch((error: unknown) => error);
    expect(late).toMatchObject({ code: 'eta_too_late', eta: expect.any(Date), latest: expect.any(Date) });
    const { eta, latest } = late as { eta: Date; latest: Date };
    expect(eta > latest && latest.getTime() > Date.now() + 47 * 3_600_000).toBe(true);
    const inFiveDays = new Date(Date.now() + 5 * 86_400_000);
    for (const wanted of [{ isUrgent: true }, { allowLate: true }, { notBefore: inFiveDays }]) {
      expect(await post(provider, { of: slow, ...wanted })).toMatchObject({ isNew: true });
    }
  });

  it('hold for deletions that are tried again', async () => {
    const tenant = await aKey([merchant.authorizerAppid]);
    const { deletion } = await post(tenant);
    await desk.sql(
      `UPDATE deletions SET state = 'failed', finished_at = now(), outcome_code = 'rejected' WHERE id = $1`,
      [deletion.id],
    );
    expect(await postUntilFull(tenant)).toMatchObject({ error: { ceiling: 'merchant' } });
    await expect(
      desk.deletionChanges.retry(tenant.scope, deletion.id, { requestedBy: tenant.requestedBy }),
    ).rejects.toMatchObject({
      code: 'pending_too_many',
      ceiling: 'merchant',
    });
    const provider = await aKey();
    expect(
      await desk.deletionChanges.retry(EVERYTHING, deletion.id, { requestedBy: provider.requestedBy }),
    ).toMatchObject({
      isRetried: true,
    });
  });

  describe('for a takedown', () => {
    let line = 0;
    const anItem = (of: Merchant, msgId = ++lastMsgId): TakedownItem => ({
      line: ++line,
      merchantId: of.id,
      target: { msgId, articleIdx: 1 },
    });
    const roomFor = (asker: Asker, wanted = {}) =>
      new TakedownRoom(asker, { isUrgent: false, ...wanted }, desk.ceilings, new KnownTargets(desk.dataSource));
    const codesOf = async (room: TakedownRoom, items: TakedownItem[]) => {
      const refused = await room.refusals(items);
      return items.map((item) => refused.get(item.line)?.code);
    };
    const times = <T>(count: number, what: T) => Array<T>(count).fill(what);

    it('leave out the lines beyond them, batch by batch, and not what is open already', async () => {
      const tenant = await aKey([merchant.authorizerAppid]);
      const { deletion } = await post(tenant);
      const room = roomFor(tenant);
      const open = () => anItem(merchant, BigInt(deletion.msgId ?? 0));
      const first = [open(), ...Array.from({ length: 9 }, () => anItem(merchant))];
      expect(await codesOf(room, first)).toEqual(times(10, undefined));
      const second = [...Array.from({ length: 4 }, () => anItem(merchant)), open()];
      expect(await codesOf(room, second)).toEqual([...times(2, undefined), ...times(2, 'pending_too_many'), undefined]);
    });

    it('count what all its merchants have together', async () => {
      const merchants = await Promise.all(Array.from({ length: 4 }, () => desk.aMerchant()));
      const tenant = await aKey(merchants.map(({ authorizerAppid }) => authorizerAppid));
      const items = merchants.flatMap((of) => Array.from({ length: 6 }, () => anItem(of)));
      expect(await codesOf(roomFor(tenant), items)).toEqual([...times(20, undefined), ...times(4, 'pending_too_many')]);
    });

    it('leave out what would come late', async () => {
      const provider = await aKey();
      const slow = await desk.aMerchant({ dailyLimit: 4 });
      const items = Array.from({ length: 10 }, () => anItem(slow));
      const codes = await codesOf(roomFor(provider), items);
      expect(codes.slice(0, 4)).toEqual(times(4, undefined));
      expect(codes.slice(-2)).toEqual(times(2, 'eta_too_late'));
      expect(await codesOf(roomFor(provider, { allowLate: true }), items)).toEqual(times(10, undefined));
    });
  });
});
