import { Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { dataSourceOptions } from '@app/database';
import { DeletionFigures, quotaLeft } from '@app/deletions';
import { EVERYTHING, type Scope } from '@app/scope';
import { DeletionsDesk } from '../../../../test/support/deletions-desk.js';
import { NOBODY, type Census } from './census.js';
import { MerchantCensus } from './merchant-census.js';

// What cannot be kept is told in the log.
beforeAll(() => Logger.overrideLogger(false));

const PACING = { ratePerMinute: 60, dailyLimit: 10, urgentReserve: 0 };
/** More than two steps, of which the last is not full. */
const MERCHANTS = 4_500;

describe('the census of merchants', () => {
  let desk: DeletionsDesk;
  let figures: DeletionFigures;
  let census: MerchantCensus;
  let platforms: string[];

  beforeAll(async () => {
    desk = await DeletionsDesk.open();
    figures = new DeletionFigures(desk.dataSource, PACING);
    census = censusOn(desk.dataSource);
    await desk.dataSource.query(`
      INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
        SELECT uuidv7(), 'wxp' || n, '', '', '' FROM generate_series(1, 3) AS n;
      -- Each tenth account authorized a second platform, whatever step it is counted in.
      INSERT INTO merchants (id, platform_id, authorizer_appid, state, ineligible_reasons, facts_read_at, facts_failing_since)
        SELECT uuidv7(), p.id, 'wx' || md5(n::text), CASE WHEN n % 7 = 0 THEN 'unauthorized' ELSE 'authorized' END,
          CASE WHEN n % 7 = 0 THEN '{unauthorized}' WHEN n % 11 = 0 THEN '{not_verified,account_frozen}' ELSE '{}' END::text[],
          CASE WHEN n % 13 > 0 THEN now() END, CASE WHEN n % 13 = 0 THEN now() - n * interval '1 h' END
        FROM generate_series(1, ${MERCHANTS}) AS n JOIN platforms p
          ON p.component_appid = 'wxp' || 1 + n % 2 OR n % 10 = 0 AND p.component_appid = 'wxp3';
      INSERT INTO account_ledgers (authorizer_appid, daily_limit, is_daily_cap, learned_limit, quota_day, quota_used)
        SELECT 'wx' || md5(n::text), CASE WHEN n % 3 = 0 THEN 50 END, n % 6 = 0, CASE WHEN n % 4 = 0 THEN 20 END,
          (now() AT TIME ZONE 'Asia/Shanghai')::date - n % 2, n % 60 FROM generate_series(1, ${MERCHANTS}, 2) AS n`);
    const found: { id: string }[] = await desk.dataSource.query(`SELECT id FROM platforms ORDER BY component_appid`);
    platforms = found.map(({ id }) => id);
  });
  afterAll(() => desk.close());

  const censusOn = (dataSource: DataSource) => new MerchantCensus(dataSource, desk.merchants, desk.platforms, figures);

  /** All at once. */
  const counted = async (scope: Scope): Promise<Census> => ({
    merchants: await desk.merchants.counts(scope),
    quotas: await figures.quotas(scope),
  });

  async function expectSame(told: Census, scope: Scope): Promise<void> {
    const { merchants, quotas } = await counted(scope);
    expect(told.merchants).toHaveLength(merchants.length);
    expect(told.merchants).toEqual(expect.arrayContaining(merchants));
    expect(quotaLeft(told.quotas)).toEqual(quotaLeft(quotas));
  }

  it('comes to what a count of all of them at once comes to, whoever takes it', async () => {
    const taken = await Promise.all([census.read(EVERYTHING), censusOn(desk.dataSource).read(EVERYTHING)]);
    for (const one of taken) await expectSame(one, EVERYTHING);
    const total = taken[0].merchants.reduce((sum, { merchants }) => sum + merchants, 0);
    expect(total).toBe(MERCHANTS * 1.1);
  });

  it('is told of some platforms or merchants, each account once', async () => {
    const names = ['wxp1', 'wxp2', 'wxp3'];
    for (const some of [names, names.slice(0, 1), names.slice(1), []]) {
      const scope = { platforms: some, merchants: null };
      await expectSame(await census.read(scope), scope);
    }
    const merchants = (await desk.merchants.list(EVERYTHING, { limit: 20 })).found.map((one) => one.authorizerAppid);
    for (const scope of [
      { platforms: null, merchants },
      { platforms: ['wxp1'], merchants },
    ]) {
      await expectSame(await census.read(scope), scope);
    }
  });

  it('tells of a change as soon as a later one has come to its end', async () => {
    await desk.dataSource.query(
      `UPDATE merchants SET state = 'unauthorized', ineligible_reasons = '{unauthorized}' WHERE platform_id = $1`,
      [platforms[2]],
    );
    // One may be under way that began before.
    for (let step = 0; step < 6; step++) await census.read(EVERYTHING);
    await expectSame(await census.read(EVERYTHING), EVERYTHING);
  });

  it('goes on by the sweep of one worker after the other', async () => {
    const steps = async () => Number((await desk.dataSource.query(`SELECT steps FROM merchant_census`))[0].steps);
    const before = await steps();
    await census.advance();
    expect(await steps()).toBe(before);
    await desk.dataSource.query(
      `UPDATE merchant_census SET stepped_at = now() - interval '1 minute', after = '', so_far = $1`,
      [JSON.stringify(NOBODY)],
    );
    await Promise.all([census.advance(), censusOn(desk.dataSource).advance()]);
    const after = await steps();
    expect(after).toBeGreaterThanOrEqual(before + 3);
    await census.advance();
    expect(await steps()).toBe(after);
  });

  it('is taken anew where the last one is old, also where nothing can be written', async () => {
    await desk.dataSource.query(`UPDATE merchant_census SET taken_at = now() - interval '1 h', taken = $1`, [
      JSON.stringify(NOBODY),
    ]);
    const options = dataSourceOptions({ url: desk.database.url, entities: [], applicationName: 'test' });
    const extra = { ...options.extra, options: '-c default_transaction_read_only=on' };
    const reading = await new DataSource({ ...options, extra }).initialize();
    await expectSame(await censusOn(reading).read(EVERYTHING), EVERYTHING);
    await reading.destroy();
    await expectSame(await census.read(EVERYTHING), EVERYTHING);
  });
});
