import { randomBytes, randomUUID } from 'node:crypto';
import { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { dataSourceOptions, rows, SealedColumns } from '@app/database';
import {
  DeletionChanges,
  DeletionIntake,
  DeletionViews,
  deletionsEntities,
  LaneDispatch,
  LaneForecasts,
  LaneReports,
  Lanes,
  QuotaLedgers,
  TakedownCancel,
  TakedownIntake,
  TakedownRelease,
  Takedowns,
  type DeletionView,
  type MerchantAddress,
} from '@app/deletions';
import { Events, eventsEntities } from '@app/events';
import { Merchant, Merchants, merchantsEntities, PlatformRow, Platforms } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { SecretBox } from '@app/vault';
// Not behind the lib's door: only its own parts and these tests know them.
import { DeletionAttempt } from '../../libs/deletions/src/deletion/deletion-attempt.entity.js';
import { Ceilings, NO_CEILINGS, type CeilingLimits } from '../../libs/deletions/src/requests/ceilings.js';
import { PlatformHolds } from '../../libs/deletions/src/holds/platform-holds.js';
import { RetryUntilStored } from '../../libs/deletions/src/runs/retry-until-stored.js';
import { RunRows } from '../../libs/deletions/src/runs/run-rows.js';
import { EligibilityChanges } from '../../libs/merchants/src/merchants/eligibility-changes.js';
import { createMigratedDatabase, type TestDatabase } from './database.js';

/** The parts of the deletions lib on a database of their own, without HTTP, queue and WeChat. */
export class DeletionsDesk {
  readonly lanes: Lanes;
  readonly laneDispatch: LaneDispatch;
  readonly reports: LaneReports;
  readonly forecasts: LaneForecasts;
  readonly ledgers: QuotaLedgers;
  readonly runs: RunRows;
  readonly deletionIntake: DeletionIntake;
  readonly deletionChanges: DeletionChanges;
  readonly deletionViews: DeletionViews;
  readonly ceilings: Ceilings;
  readonly events: Events;
  readonly holds: PlatformHolds;
  readonly platforms: Platforms;
  readonly merchants: Merchants;
  readonly intake: TakedownIntake;
  readonly release: TakedownRelease;
  readonly takedowns: Takedowns;
  readonly cancel: TakedownCancel;
  private lastMsgId = 3_147_483_660n;

  private constructor(
    readonly database: TestDatabase,
    readonly dataSource: DataSource,
    readonly limits: CeilingLimits,
  ) {
    const pacing = { ratePerMinute: 6_000, dailyLimit: 10, urgentReserve: 2 };
    this.lanes = new Lanes(dataSource, pacing);
    this.laneDispatch = new LaneDispatch(dataSource, pacing);
    this.reports = new LaneReports(dataSource, pacing);
    this.forecasts = new LaneForecasts(dataSource, pacing);
    this.ledgers = new QuotaLedgers(dataSource, pacing);
    this.runs = new RunRows(dataSource, this.lanes, new RetryUntilStored());
    this.events = new Events(dataSource);
    const sealed = new SealedColumns(new SecretBox([{ id: 'test', key: randomBytes(32) }]));
    this.platforms = new Platforms(dataSource, dataSource.getRepository(PlatformRow), sealed);
    const eligibility = new EligibilityChanges(this.platforms, this.events);
    this.merchants = new Merchants(dataSource, dataSource.getRepository(Merchant), this.platforms, eligibility);
    this.ceilings = new Ceilings(dataSource, this.forecasts, limits);
    this.deletionViews = new DeletionViews(dataSource, dataSource.getRepository(DeletionAttempt));
    this.deletionIntake = new DeletionIntake(this.deletionViews, this.merchants, this.ceilings);
    this.deletionChanges = new DeletionChanges(dataSource, this.merchants, this.ceilings, this.deletionViews);
    this.holds = new PlatformHolds(dataSource, this.events, this.platforms);
    this.intake = new TakedownIntake(dataSource, this.events);
    this.release = new TakedownRelease(dataSource);
    this.takedowns = new Takedowns(dataSource, this.events, this.forecasts);
    this.cancel = new TakedownCancel(dataSource, this.takedowns);
  }

  static async open(limits: CeilingLimits = NO_CEILINGS): Promise<DeletionsDesk> {
    const database = await createMigratedDatabase();
    return new DeletionsDesk(database, await connect(database), limits);
  }

  /** Another process on the same database, which ends before the other is closed. */
  static async beside({ database, limits }: DeletionsDesk): Promise<DeletionsDesk> {
    return new DeletionsDesk(database, await connect(database), limits);
  }

  async leave(): Promise<void> {
    await this.dataSource.destroy();
  }

  async close(): Promise<void> {
    await this.dataSource.destroy();
    await this.database.drop();
  }

  sql<Row>(text: string, parameters: unknown[] = []): Promise<Row[]> {
    return rows<Row>(this.dataSource, text, parameters);
  }

  /** One that may have messages deleted. */
  async aMerchant(
    limits: { ratePerMinute?: number; dailyLimit?: number } = {},
    platformId: string = randomUUID(),
  ): Promise<Merchant> {
    const id = randomUUID();
    const appid = () => `wx${randomBytes(8).toString('hex')}`;
    await this.sql(
      `INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed)
       VALUES ($1, $2, '', '', '') ON CONFLICT (id) DO NOTHING`,
      [platformId, appid()],
    );
    await this.sql(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, permission_sets) VALUES ($1, $2, $3, 'authorized', '{7}')`,
      [id, platformId, appid()],
    );
    await this.lanes.setLimits(id, limits);
    return this.dataSource.manager.findOneByOrFail(Merchant, { id });
  }

  /** A token that may be used; what is in it is for those who open it. */
  async keepToken(merchantId: string): Promise<void> {
    await this.sql(
      `INSERT INTO access_tokens (holder_id, token_sealed, expires_at, use_until, version)
       VALUES ($1, 'sealed', now() + interval '2 h', now() + interval '1 h', 1)`,
      [merchantId],
    );
  }

  /** Accepts deletions of so many different messages. @returns their ids, oldest first */
  async accept(
    merchant: Merchant,
    count: number,
    { isUrgent = false, notBefore = null }: { isUrgent?: boolean; notBefore?: Date | null } = {},
  ): Promise<string[]> {
    const ids: string[] = [];
    const [platform] = await this.sql<{ componentAppid: string }>(
      `SELECT component_appid AS "componentAppid" FROM platforms WHERE id = $1`,
      [merchant.platformId],
    );
    const address = { ...addressOf(merchant), ...platform };
    for (let i = 0; i < count; i++) {
      const target = { msgId: ++this.lastMsgId, articleIdx: 1 };
      const id = uuidv7();
      const wish = {
        id,
        target,
        isUrgent,
        notBefore,
        reason: null,
        metadata: {},
        requestId: 'test',
        requestedBy: randomUUID(),
      };
      await this.deletionIntake.accept(this.dataSource.manager, address, wish);
      ids.push(id);
    }
    return ids;
  }

  view(ids: string[]): Promise<DeletionView[]> {
    return Promise.all(ids.map((id) => this.deletionViews.get(EVERYTHING, id)));
  }
}

export const addressOf = ({ authorizerAppid }: Merchant): MerchantAddress => ({ scope: EVERYTHING, authorizerAppid });

/** Connections of their own, as another process would have. */
export function connect(database: TestDatabase): Promise<DataSource> {
  const entities = [...eventsEntities, ...merchantsEntities, ...deletionsEntities];
  return new DataSource(dataSourceOptions({ url: database.url, entities, applicationName: 'test' })).initialize();
}
