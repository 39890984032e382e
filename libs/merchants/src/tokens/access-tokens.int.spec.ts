import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { dataSourceOptions, rows, SealedColumns } from '@app/database';
import { SecretBox } from '@app/vault';
import { createMigratedDatabase, type TestDatabase } from '../../../../test/support/database.js';
import { eventually } from '../../../../test/support/eventually.js';
import { AccessTokens, type AccessTokenOptions, type MintedToken } from './access-tokens.js';
import { TokenUnavailable } from '../errors.js';

/** Mints numbered tokens and counts them. */
class Mint {
  count = 0;
  readonly run = async (): Promise<MintedToken> => ({ token: `token ${++this.count}`, expiresInSeconds: 7200 });
}

/** A mint that goes on when the test says so. */
class HeldMint {
  private begin: () => void = () => undefined;
  readonly begun = new Promise<void>((resolve) => (this.begin = resolve));
  finish: (minted: MintedToken) => void = () => undefined;
  readonly run = (): Promise<MintedToken> => {
    this.begin();
    return new Promise((resolve) => (this.finish = resolve));
  };
}

const minted = (token: string, expiresInSeconds = 7200): MintedToken => ({ token, expiresInSeconds });

describe('AccessTokens', () => {
  let database: TestDatabase;
  const sources: DataSource[] = [];
  const sealed = new SealedColumns(new SecretBox([{ id: 'test', key: randomBytes(32) }]));
  let holder: string;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    for (let i = 0; i < 5; i++) sources.push(await newSource());
  });
  afterAll(async () => {
    await Promise.all(sources.map((source) => source.destroy()));
    await database.drop();
  });
  beforeEach(() => {
    holder = uuidv7();
  });

  const newSource = () =>
    new DataSource(
      dataSourceOptions({ url: database.url, entities: [], applicationName: 'test', poolSize: 4 }),
    ).initialize();
  const source = (i = 0): DataSource => {
    const found = sources[i];
    if (!found) throw new Error(`there are ${sources.length} data sources`);
    return found;
  };
  /** What another process has: nothing in common but the database. */
  const process_ = (i: number, options?: Partial<AccessTokenOptions>) => new AccessTokens(source(i), sealed, options);
  const times = <T>(count: number, ask: () => Promise<T>) => Promise.all(Array.from({ length: count }, ask));
  const secondsLeft = async (column: 'use_until' | 'expires_at') => {
    const text = `SELECT round(extract(epoch FROM ${column} - now())) AS left FROM access_tokens WHERE holder_id = $1`;
    const [row] = await rows<{ left: string }>(source(), text, [holder]);
    return Number(row?.left);
  };

  it('mints once for 200 callers of one process', async () => {
    const tokens = process_(0);
    const mint = new Mint();
    const held = await times(200, () => tokens.current(holder, mint.run));
    expect(mint.count).toBe(1);
    expect(new Set(held.map(({ token }) => token))).toEqual(new Set(['token 1']));
  });

  it('mints once for many callers in each of several processes', async () => {
    const mint = new Mint();
    const perProcess = await Promise.all(
      sources.map((_source, i) => times(40, () => process_(i).current(holder, mint.run))),
    );
    expect(mint.count).toBe(1);
    const held = perProcess.flat();
    expect(held).toHaveLength(200);
    expect(new Set(held.map(({ token, version }) => `${token}/${version}`)).size).toBe(1);
  });

  it('gives a token that is there without a mint, and each holder its own', async () => {
    const other = uuidv7();
    await process_(0).current(holder, async () => minted('of the one'));
    await process_(0).current(other, async () => minted('of the other'));
    const never = () => Promise.reject(new Error('minted without need'));
    expect((await process_(1).current(holder, never)).token).toBe('of the one');
    expect((await process_(1).current(other, never)).token).toBe('of the other');
  });

  it.each([
    [7200, 6900],
    [100, 90],
  ])('puts a token that lives for %i s away after %i s', async (lifetime, use) => {
    await process_(0).current(holder, async () => minted('a', lifetime));
    expect([use - 2, use - 1, use]).toContain(await secondsLeft('use_until'));
    expect([lifetime - 2, lifetime - 1, lifetime]).toContain(await secondsLeft('expires_at'));

    await source().query(`UPDATE access_tokens SET use_until = now() WHERE holder_id = $1`, [holder]);
    expect((await process_(1).current(holder, async () => minted('b'))).token).toBe('b');
  });

  it('takes over from a process that died while minting, once its lease has run out', async () => {
    const dying = await newSource();
    const dead = new HeldMint();
    const unheard = new AccessTokens(dying, sealed, { leaseMs: 300 }).current(holder, dead.run).catch(() => undefined);
    await dead.begun;
    await dying.destroy();

    const mint = new Mint();
    const held = await Promise.all([1, 2, 3].map((i) => process_(i).current(holder, mint.run)));
    expect(mint.count).toBe(1);
    expect(held.map(({ token }) => token)).toEqual(['token 1', 'token 1', 'token 1']);
    dead.finish(minted('never stored'));
    await unheard;
  });

  it('leaves a mint that outlasts the lease to its process while that lives, and gives up waiting after a while', async () => {
    const slow = new HeldMint();
    const minting = process_(0, { leaseMs: 1_000 }).current(holder, slow.run);
    await slow.begun;
    const mint = new Mint();
    await expect(process_(1, { waitMs: 1_500 }).current(holder, mint.run)).rejects.toMatchObject({
      code: 'token_unavailable',
      failureCode: 'mint_in_progress',
    });
    slow.finish(minted('slow'));
    expect((await minting).token).toBe('slow');
    expect(mint.count).toBe(0);
  });

  it('leaves the newer token in place when a mint ends after its lease, and gives it to the late caller', async () => {
    const late = new HeldMint();
    const lateCaller = process_(0).current(holder, late.run);
    await late.begun;
    // As if the process had stood still.
    await source().query(`UPDATE access_tokens SET lease_until = now() WHERE holder_id = $1`, [holder]);
    const newer = await process_(1).current(holder, async () => minted('newer'));

    late.finish(minted('late'));
    expect(await lateCaller).toEqual(newer);
    expect(await process_(2).current(holder, new Mint().run)).toEqual(newer);
  });

  it('mints anew after the token was refused, and ignores a refusal of an older one', async () => {
    const mint = new Mint();
    const first = await process_(0).current(holder, mint.run);
    await process_(0).markStale(holder, first.version);
    const second = await process_(0).current(holder, mint.run);
    expect(second).toMatchObject({ token: 'token 2', version: first.version + 1 });

    await times(20, () => process_(1).markStale(holder, first.version));
    expect(await process_(1).current(holder, mint.run)).toEqual(second);
    expect(mint.count).toBe(2);
  });

  it('notes that a token was refused before its time, not so one that was put away, until a grant brings another', async () => {
    const voidAt = async () => {
      const text = `SELECT void_at AS "voidAt" FROM access_tokens WHERE holder_id = $1`;
      return (await rows<{ voidAt: Date | null }>(source(), text, [holder]))[0]?.voidAt;
    };
    const { version } = await process_(0).current(holder, new Mint().run);
    await source().query(`UPDATE access_tokens SET use_until = now() WHERE holder_id = $1`, [holder]);
    await process_(0).markStale(holder, version);
    expect(await voidAt()).toBeNull();
    const next = await process_(0).current(holder, new Mint().run);
    await process_(0).markStale(holder, next.version);
    expect(await voidAt()).toEqual(expect.any(Date));
    await source().transaction((tx) => process_(0).keep(tx, holder, minted('of a grant')));
    expect(await voidAt()).toBeNull();
  });

  it('makes one failed call and lets nobody try again until the cooldown is over', async () => {
    let calls = 0;
    const failing = async (): Promise<MintedToken> => {
      calls++;
      throw Object.assign(new Error('refused with the secret s3cret'), { code: 'merchant_must_act' });
    };
    const options = { cooldownMs: 500 };
    const answers = await Promise.allSettled(
      sources.flatMap((_source, i) => {
        const tokens = process_(i, options);
        return Array.from({ length: 40 }, () => tokens.current(holder, failing));
      }),
    );
    expect(calls).toBe(1);
    expect(answers.filter(({ status }) => status === 'rejected')).toHaveLength(200);
    await expect(process_(1).current(holder, failing)).rejects.toThrow(TokenUnavailable);
    await expect(process_(1).current(holder, failing)).rejects.toMatchObject({ failureCode: 'merchant_must_act' });
    expect(calls).toBe(1);

    const held = await eventually(
      () =>
        process_(2, options)
          .current(holder, async () => minted('at last'))
          .catch(() => undefined),
      (answer) => answer !== undefined,
    );
    expect(held?.token).toBe('at last');
  });

  it('stores no word of an error that is not ours', async () => {
    const failing = () => Promise.reject(new Error('the secret is s3cret'));
    await expect(process_(0).current(holder, failing)).rejects.toThrow('s3cret');
    await expect(process_(1).current(holder, failing)).rejects.toMatchObject({ failureCode: 'internal_error' });
  });

  it('does not store what was minted for a grant that was taken back meanwhile', async () => {
    const mint = new HeldMint();
    const asked = process_(0).current(holder, mint.run);
    await mint.begun;
    await source(1).transaction((tx) => process_(1).forget(tx, holder));
    const again = new HeldMint();
    // Whoever asks now asks for the grant as it is now.
    const askedSince = process_(2, { cooldownMs: 5_000 }).current(holder, again.run);
    await again.begun;
    mint.finish(minted('of a grant that is gone'));
    again.finish(minted('of the grant of now'));
    expect((await askedSince).token).toBe('of the grant of now');
    expect((await asked).token).toBe('of the grant of now');
  });

  it('takes the token that came with a grant, also while an older one is being minted and after a failure', async () => {
    const keep = (token: string) => source(1).transaction((tx) => process_(1).keep(tx, holder, minted(token)));
    await expect(process_(0).current(holder, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await keep('with the grant');
    const first = await process_(0).current(holder, new Mint().run);
    expect(first.token).toBe('with the grant');

    await process_(0).markStale(holder, first.version);
    const mint = new HeldMint();
    const asked = process_(0).current(holder, mint.run);
    await mint.begun;
    await keep('with the next grant');
    mint.finish(minted('of the grant before'));
    expect((await asked).token).toBe('with the next grant');
    expect((await process_(2).current(holder, new Mint().run)).token).toBe('with the next grant');
  });

  it('tells when tokens end, leaving out holders without one', async () => {
    const without = uuidv7();
    await process_(0).current(holder, async () => minted('a', 1000));
    const forgotten = uuidv7();
    await process_(0).current(forgotten, async () => minted('b'));
    await source().transaction((tx) => process_(0).forget(tx, forgotten));
    const expiries = await process_(1).expiries([holder, without, forgotten]);
    expect([...expiries.keys()]).toEqual([holder]);
    expect(expiries.get(holder)?.getTime()).toBeGreaterThan(Date.now());
  });

  describe('renewed ahead of their end', () => {
    const TEN_MINUTES_MS = 600_000;
    const endsIn = (minutes: number) =>
      rows(
        source(),
        `UPDATE access_tokens SET expires_at = now() + $2 * interval '1 min', use_until = now() + ($2 - 5) * interval '1 min'
         WHERE holder_id = $1`,
        [holder, minutes],
      );

    it('are left alone while they last long enough', async () => {
      const mint = new Mint();
      const held = await process_(0).current(holder, mint.run);
      await endsIn(11);
      expect((await process_(1).current(holder, mint.run, TEN_MINUTES_MS)).version).toBe(held.version);
      expect(mint.count).toBe(1);
    });

    it('are minted once however many ask for it, and then last', async () => {
      const mint = new Mint();
      await process_(0).current(holder, mint.run);
      await endsIn(9);
      const processes = [0, 1, 2].map((i) => process_(i));
      const asked = processes.map((process) => times(20, () => process.current(holder, mint.run, TEN_MINUTES_MS)));
      expect(new Set((await Promise.all(asked)).flat().map(({ token }) => token))).toEqual(new Set(['token 2']));
      expect(mint.count).toBe(2);
    });

    it('are used by everybody else while the next one is being minted, and also when that fails', async () => {
      const tokens = process_(0);
      await tokens.current(holder, new Mint().run);
      await endsIn(9);
      const held = new HeldMint();
      const ahead = tokens.current(holder, held.run, TEN_MINUTES_MS);
      await held.begun;
      for (const other of [tokens, process_(1)]) {
        expect((await other.current(holder, held.run)).token).toBe('token 1');
      }
      held.finish(minted('token ahead'));
      await ahead;
      expect((await tokens.current(holder, held.run)).token).toBe('token ahead');

      await endsIn(9);
      const failure = new Error('WeChat is away');
      await expect(tokens.current(holder, () => Promise.reject(failure), TEN_MINUTES_MS)).rejects.toBe(failure);
      expect((await tokens.current(holder, held.run)).token).toBe('token ahead');
    });
  });
});
