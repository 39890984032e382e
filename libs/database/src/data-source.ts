import { inspect } from 'node:util';
import pg from 'pg';
import { DataSource, QueryFailedError, type DataSourceOptions, type EntityTarget, type ObjectLiteral } from 'typeorm';
import { SteadyClient } from '@app/postgres';
import { FirstTables1764000000000 } from './migrations/1764000000000-first-tables.js';
import { MassMessages1764050000000 } from './migrations/1764050000000-mass-messages.js';
import { MerchantsEvents1764100000000 } from './migrations/1764100000000-merchants-events.js';
import { ForwardsAndAudit1764200000000 } from './migrations/1764200000000-forwards-and-audit.js';
import { EventsFeed1764300000000 } from './migrations/1764300000000-events-feed.js';
import { KeyLimits1764310000000 } from './migrations/1764310000000-key-limits.js';
import { AuditInbox1764310000100 } from './migrations/1764310000100-audit-inbox.js';
import { Webhooks1764320000000 } from './migrations/1764320000000-webhooks.js';
import { EventScopes1764321000000 } from './migrations/1764321000000-event-scopes.js';
import { Takedowns1764330000000 } from './migrations/1764330000000-takedowns.js';
import { Pacing1764340000000 } from './migrations/1764340000000-pacing.js';
import { PlatformProbes1764345000000 } from './migrations/1764345000000-platform-probes.js';
import { DispatchCounts1764346000000 } from './migrations/1764346000000-dispatch-counts.js';
import { WhoHolds1764347000000 } from './migrations/1764347000000-who-holds.js';
import { RoomForUpdates1764348000000 } from './migrations/1764348000000-room-for-updates.js';
import { InventoryLookups1764350000000 } from './migrations/1764350000000-inventory-lookups.js';
import { UndoneTakedowns1764351000000 } from './migrations/1764351000000-undone-takedowns.js';
import { UnreadablePushes1764520000000 } from './migrations/1764520000000-unreadable-pushes.js';
import { KnownGone1764530000000 } from './migrations/1764530000000-known-gone.js';
import { InferredProofs1764540000000 } from './migrations/1764540000000-inferred-proofs.js';
import { TokenConflicts1764541000000 } from './migrations/1764541000000-token-conflicts.js';
import { AccountLedgers1764550000000 } from './migrations/1764550000000-account-ledgers.js';
import { UnknownFacts1764560000000 } from './migrations/1764560000000-unknown-facts.js';
import { TryAnyway1764560001000 } from './migrations/1764560001000-try-anyway.js';
import { Readiness1764580000000 } from './migrations/1764580000000-readiness.js';
import { EarlyVoids1764590000000 } from './migrations/1764590000000-early-voids.js';
import { ToldGone1764591000000 } from './migrations/1764591000000-told-gone.js';
import { ArticleCounts1764592000000 } from './migrations/1764592000000-article-counts.js';
import { MasterKeys1764600000000 } from './migrations/1764600000000-master-keys.js';
import { AuditHeads1764601000000 } from './migrations/1764601000000-audit-heads.js';
import { ImportSources1764610000000 } from './migrations/1764610000000-import-sources.js';
import { WhatWechatTold1764610001000 } from './migrations/1764610001000-what-wechat-told.js';
import { AuthorizationLinks1764620000000 } from './migrations/1764620000000-authorization-links.js';
import { Refreshes1764620001000 } from './migrations/1764620001000-refreshes.js';
import { Tenants1764630000000 } from './migrations/1764630000000-tenants.js';
import { WhoAsked1764640000000 } from './migrations/1764640000000-who-asked.js';
import { PlatformHolds1764650000000 } from './migrations/1764650000000-platform-holds.js';
import { TokenConflictRows1764650001000 } from './migrations/1764650001000-token-conflict-rows.js';
import { EventAppids1764650002000 } from './migrations/1764650002000-event-appids.js';
import { FastLists1764660000000 } from './migrations/1764660000000-fast-lists.js';
import { LimitedLists1764670000000 } from './migrations/1764670000000-limited-lists.js';
import { WhoNamed1764680000000 } from './migrations/1764680000000-who-named.js';
import { ProofKeys1764700000000 } from './migrations/1764700000000-proof-keys.js';
import { DeliveriesByType1764710000000 } from './migrations/1764710000000-deliveries-by-type.js';
import { Sessions1764730000000 } from './migrations/1764730000000-sessions.js';
import { Doctor1764740000000 } from './migrations/1764740000000-doctor.js';
import { RetiredProofKeys1764760000000 } from './migrations/1764760000000-retired-proof-keys.js';
import { DeletionTallies1764770000000 } from './migrations/1764770000000-deletion-tallies.js';
import { MoreFilters1764770100000 } from './migrations/1764770100000-more-filters.js';
import { ProviderPages1764771000000 } from './migrations/1764771000000-provider-pages.js';
import { EndedLists1764785000000 } from './migrations/1764785000000-ended-lists.js';
import { PushesNotDone1764788000000 } from './migrations/1764788000000-pushes-not-done.js';
import { WordsOfTitles1764790000000 } from './migrations/1764790000000-words-of-titles.js';
import { RareEvents1764791000000 } from './migrations/1764791000000-rare-events.js';
import { KeptProgress1764792000000 } from './migrations/1764792000000-kept-progress.js';
import { SentTimes1764800000000 } from './migrations/1764800000000-sent-times.js';
import { ListsOfEnds1764800100000 } from './migrations/1764800100000-lists-of-ends.js';
import { Metrics1764810000000 } from './migrations/1764810000000-metrics.js';
import { DeletionTraces1764820000000 } from './migrations/1764820000000-deletion-traces.js';
import { DeletionsRetention1764840000000 } from './migrations/1764840000000-deletions-retention.js';
import { ForgottenEvents1764841000000 } from './migrations/1764841000000-forgotten-events.js';
import { PrunedUntil1764842000000 } from './migrations/1764842000000-pruned-until.js';
import { AuditArchives1764843000000 } from './migrations/1764843000000-audit-archives.js';
import { MerchantCensus1764844000000 } from './migrations/1764844000000-merchant-census.js';
import { AuditLate1764850000000 } from './migrations/1764850000000-audit-late.js';
import { AuditLateBefore1764850000100 } from './migrations/1764850000100-audit-late-before.js';
import { SentTimesOfMerchants1764852000000 } from './migrations/1764852000000-sent-times-of-merchants.js';

export interface DatabaseOptions {
  /** `postgres://user:password@host:port/database` */
  url: string;
  /** The entities of every lib that the app uses. */
  entities: EntityTarget<ObjectLiteral>[];
  /** Shown in pg_stat_activity: which process of ours holds a connection. */
  applicationName: string;
  poolSize?: number;
}

/** By their times, oldest first, as they are run. New ones go to the end; one that was released is never edited. */
const migrations = [
  FirstTables1764000000000,
  MassMessages1764050000000,
  MerchantsEvents1764100000000,
  ForwardsAndAudit1764200000000,
  EventsFeed1764300000000,
  KeyLimits1764310000000,
  AuditInbox1764310000100,
  Webhooks1764320000000,
  EventScopes1764321000000,
  Takedowns1764330000000,
  Pacing1764340000000,
  PlatformProbes1764345000000,
  DispatchCounts1764346000000,
  WhoHolds1764347000000,
  RoomForUpdates1764348000000,
  InventoryLookups1764350000000,
  UndoneTakedowns1764351000000,
  UnreadablePushes1764520000000,
  KnownGone1764530000000,
  InferredProofs1764540000000,
  TokenConflicts1764541000000,
  AccountLedgers1764550000000,
  UnknownFacts1764560000000,
  TryAnyway1764560001000,
  Readiness1764580000000,
  EarlyVoids1764590000000,
  ToldGone1764591000000,
  ArticleCounts1764592000000,
  MasterKeys1764600000000,
  AuditHeads1764601000000,
  ImportSources1764610000000,
  WhatWechatTold1764610001000,
  AuthorizationLinks1764620000000,
  Refreshes1764620001000,
  Tenants1764630000000,
  WhoAsked1764640000000,
  PlatformHolds1764650000000,
  TokenConflictRows1764650001000,
  EventAppids1764650002000,
  FastLists1764660000000,
  LimitedLists1764670000000,
  WhoNamed1764680000000,
  ProofKeys1764700000000,
  DeliveriesByType1764710000000,
  Sessions1764730000000,
  Doctor1764740000000,
  RetiredProofKeys1764760000000,
  DeletionTallies1764770000000,
  MoreFilters1764770100000,
  ProviderPages1764771000000,
  EndedLists1764785000000,
  PushesNotDone1764788000000,
  WordsOfTitles1764790000000,
  RareEvents1764791000000,
  KeptProgress1764792000000,
  SentTimes1764800000000,
  ListsOfEnds1764800100000,
  Metrics1764810000000,
  DeletionTraces1764820000000,
  DeletionsRetention1764840000000,
  ForgottenEvents1764841000000,
  PrunedUntil1764842000000,
  AuditArchives1764843000000,
  MerchantCensus1764844000000,
  AuditLate1764850000000,
  AuditLateBefore1764850000100,
  SentTimesOfMerchants1764852000000,
];

// Logged whole, TypeORM's error shows the statement's parameters, and pg's own a part of them: what clients sent.
for (const { prototype } of [QueryFailedError, pg.DatabaseError]) {
  Object.defineProperty(prototype, inspect.custom, {
    value(this: Error) {
      return this.stack;
    },
  });
}

/** Any number will do, as long as every process of ours takes the same. */
export const MIGRATION_LOCK = 727_274;

/** No statement of ours takes as long, so its connection is gone without a word. */
const ANSWER_WITHIN_MS = 60_000;

/**
 * A machine that vanishes says no good-bye. Without these, Postgres would keep its locks for two hours, the
 * dispatcher's among them, and we would wait a quarter of an hour for an answer that cannot come.
 */
const BOTH_ENDS_NOTICE = {
  Client: SteadyClient,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  idle_in_transaction_session_timeout: 60_000,
  options: '-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3',
};

export function dataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  return {
    type: 'postgres',
    installExtensions: false,
    url: options.url,
    entities: options.entities as DataSourceOptions['entities'] & unknown[],
    migrations,
    synchronize: false,
    poolSize: options.poolSize ?? 10,
    applicationName: options.applicationName,
    // For one to be opened, and for one to be free.
    connectTimeoutMS: 10_000,
    extra: { ...BOTH_ENDS_NOTICE, answerWithinMs: ANSWER_WITHIN_MS },
    // A server that restarts drops idle connections: pg reports that as an error of the pool, which is no reason to
    // die.
    poolErrorHandler: () => undefined,
  };
}

/** Opens a database for a piece of work, and closes it behind that. */
export async function withDataSource<T>(
  options: DatabaseOptions,
  work: (dataSource: DataSource) => Promise<T>,
): Promise<T> {
  const dataSource = await new DataSource(ownerDataSourceOptions(options)).initialize();
  try {
    return await work(dataSource);
  } finally {
    await dataSource.destroy();
  }
}

/** Without this, a schema by the name of our role, whoever made it, would stand in front of the tables. */
export const IN_PUBLIC = { options: `${BOTH_ENDS_NOTICE.options} -c search_path=public` };

/** For the role that owns the tables, and for programs that must not be misled by a schema of somebody's. */
export function ownerDataSourceOptions(options: DatabaseOptions): DataSourceOptions {
  const all = dataSourceOptions(options);
  return { ...all, extra: { ...(all.extra as object), ...IN_PUBLIC } };
}

/**
 * Runs pending migrations under an advisory lock, so that several processes may start at once. Returns their names.
 * @param connection what it is to begin with besides
 */
export async function migrate(url: string, connection: { options?: string } = {}): Promise<string[]> {
  const dataSource = await new DataSource({
    ...dataSourceOptions({ url, entities: [], applicationName: 'retract-migrate' }),
    // A migration may take its time.
    extra: { ...BOTH_ENDS_NOTICE, ...connection },
  }).initialize();
  const runner = dataSource.createQueryRunner();
  try {
    await runner.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return (await dataSource.runMigrations({ transaction: 'each' })).map((migration) => migration.name);
  } finally {
    await runner.release();
    await dataSource.destroy();
  }
}
