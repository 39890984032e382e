import { randomBytes } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';
import { SealedColumns } from '@app/database';
import type { TokenHolder } from '@app/merchants';
import { parseMasterKeys, SecretBox } from '@app/vault';
import { freePort } from './free-port.js';
import type { Process } from './process.js';
import type { Backend, Database, Stage } from './stage.js';
import type { Upstream } from './upstream.js';

export interface BenchMerchant {
  id: string;
  appid: string;
}

export const PLATFORM = {
  componentAppid: 'wx0123456789abcdef',
  appSecret: '0c79eb6a5c9b4c1a8d2e3f4a5b6c7d8e',
  token: 'aTokenForPushes',
  encodingAesKey: 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG',
};

/** Most that the settings take: what is measured is the work, not the pacing. */
const UNPACED = { DEFAULT_RATE_PER_MINUTE: '100000', DEFAULT_DAILY_QUOTA: '10000000', URGENT_RESERVE: '0' };

/** Our service on a database of its own, filled as a life of onboarding would have filled it. */
export class Deployment {
  readonly apiKey = `rk_${randomBytes(32).toString('base64url')}`;
  /** With an id of their own: a database remembers those of the runs before. */
  private readonly masterKeys = `bench-${randomBytes(4).toString('hex')}:${randomBytes(32).toString('base64')}`;
  private readonly sealed = new SealedColumns(new SecretBox(parseMasterKeys(this.masterKeys)));
  private platformId = uuidv7();
  /** Rows with a greater id are of this round: the database may be full of others. */
  private since = uuidv7();
  private lastMsgId = 3_147_483_660;

  private constructor(
    private readonly stage: Stage,
    readonly database: Database,
    private readonly queueUrl: string,
    private readonly upstream: Upstream,
  ) {}

  /**
   * @param backend where the queue is: in the deployment's own database unless told otherwise, or in one beside it
   * @param given a migrated database instead of a new one
   */
  static async open(
    stage: Stage,
    upstream: Upstream,
    backend: Backend | 'another PostgreSQL' = 'PostgreSQL',
    given?: Database,
  ): Promise<Deployment> {
    const database = given ?? (await stage.database());
    const queueUrl =
      backend === 'another PostgreSQL' ? (await stage.database()).url : await stage.queueUrl(backend, database);
    const deployment = new Deployment(stage, database, queueUrl, upstream);
    if (given) await deployment.clearUp();
    await deployment.addPlatform();
    return deployment;
  }

  /** The name of the database that the queue is in. */
  get queueDatabase(): string {
    return new URL(this.queueUrl).pathname.slice(1);
  }

  /** Settings of api and worker. The happy path logs nothing at this level, like the baselines. */
  get env(): Record<string, string> {
    return {
      DATABASE_URL: this.database.url,
      QUEUE_URL: this.queueUrl,
      MASTER_KEYS: this.masterKeys,
      BOOTSTRAP_API_KEY: this.apiKey,
      WECHAT_API_URL: this.upstream.url,
      LOG_LEVEL: 'warn',
      ...UNPACED,
    };
  }

  startWorker(settings: Record<string, string> = {}, nodeOptions: string[] = []): Process {
    return this.stage.start('apps/worker/src/main.js', { ...this.env, ...settings }, nodeOptions);
  }

  /** @returns where it listens, once it is ready */
  async startApi(nodeOptions: string[] = [], settings: Record<string, string> = {}): Promise<string> {
    const port = await freePort();
    this.stage.start('apps/api/src/main.js', { ...this.env, ...settings, PORT: String(port) }, nodeOptions);
    const url = `http://127.0.0.1:${port}`;
    await this.stage.until(() =>
      fetch(`${url}/health/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    );
    return url;
  }

  /** Authorized, their facts known; with access tokens that last two hours, or cold. */
  async addMerchants(count: number, { isWarm }: { isWarm: boolean }): Promise<BenchMerchant[]> {
    const merchants = Array.from({ length: count }, (_none, index) => ({
      id: uuidv7(),
      appid: `wx${index.toString(16).padStart(16, '0')}`,
    }));
    await this.grant(merchants, isWarm);
    return merchants;
  }

  /** Takes over so many merchants of a full database, wherever they are in it, with all that is kept of them. */
  async adoptMerchants(count: number): Promise<BenchMerchant[]> {
    const merchants = await this.database.rows<{ id: string; appid: string }>(
      `SELECT id, authorizer_appid AS appid FROM merchants m WHERE platform_id <> $1 AND ineligible_reasons = '{}'
         AND NOT EXISTS (SELECT 1 FROM deletions d WHERE d.merchant_id = m.id AND d.finished_at IS NULL)
       ORDER BY md5(id::text) LIMIT $2`,
      [this.platformId, count],
    );
    if (merchants.length < count) throw new Error(`The database has only ${merchants.length} idle merchants.`);
    await this.grant(merchants, true);
    // The filling gives half of them WeChat's limit of ten calls a day: they would wait in the middle of a round.
    await this.database.rows(
      'UPDATE account_ledgers SET learned_limit = NULL, learned_at = NULL WHERE authorizer_appid = ANY($1)',
      [appids(merchants)],
    );
    return merchants;
  }

  private async grant(merchants: BenchMerchant[], isWarm: boolean): Promise<void> {
    const seal = (table: string, column: string, plain: string) =>
      merchants.map(({ id }) => this.sealed.seal({ table, column, rowId: id }, plain));
    await this.database.rows(
      `INSERT INTO merchants (id, platform_id, authorizer_appid, state, refresh_token_sealed, permission_sets, grant_version,
         granted_at, is_mini_program, service_type, verify_type, account_status, facts_read_at, facts_asked_at)
       SELECT id, $1, appid, 'authorized', sealed, '{1,7}', 1, now(), false, 2, 0, 1, now(), now()
       FROM unnest($2::uuid[], $3::text[], $4::text[]) AS t (id, appid, sealed)
       ON CONFLICT (id) DO UPDATE SET platform_id = $1, refresh_token_sealed = excluded.refresh_token_sealed,
         facts_read_at = now()`,
      [this.platformId, ids(merchants), appids(merchants), seal('merchants', 'refresh_token_sealed', 'refresh-token')],
    );
    if (!isWarm) return;
    await this.database.rows(
      `INSERT INTO access_tokens (holder_id, token_sealed, expires_at, use_until, version)
       SELECT id, sealed, now() + interval '2 h', now() + interval '115 min', 1
       FROM unnest($1::uuid[], $2::text[]) AS t (id, sealed)
       ON CONFLICT (holder_id) DO UPDATE SET token_sealed = excluded.token_sealed, expires_at = excluded.expires_at,
         use_until = excluded.use_until, version = 1`,
      [ids(merchants), seal('access_tokens', 'token_sealed', 'access-token')],
    );
  }

  /**
   * Accepts as many deletions for each, as `POST /v1/deletions` leaves them, and wakes their lanes, now or in so many
   * seconds.
   */
  async addDeletions(merchants: BenchMerchant[], ofEach: number, dueInSeconds = 0): Promise<void> {
    await this.database.rows(
      `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id)
       SELECT uuidv7(), merchant_id, msg_id, 1, 'msg:' || msg_id || ':1', 'queued', now(), 'bench'
       FROM generate_series($3::bigint + 1, $3::bigint + $2::bigint) AS msg_id, unnest($1::uuid[]) AS merchant_id`,
      [ids(merchants), ofEach, this.lastMsgId],
    );
    this.lastMsgId += ofEach;
    await this.database.rows(
      `INSERT INTO merchant_pacing (merchant_id, due_at) SELECT unnest($1::uuid[]), now() + $2 * interval '1 s'
       ON CONFLICT (merchant_id) DO UPDATE SET due_at = excluded.due_at`,
      [ids(merchants), dueInSeconds],
    );
    await this.database.rows(
      `INSERT INTO account_ledgers (authorizer_appid) SELECT authorizer_appid FROM merchants WHERE id = ANY($1::uuid[])
       ON CONFLICT DO NOTHING`,
      [ids(merchants)],
    );
    // As autovacuum would have done meanwhile, of what was written above: a full database has much else.
    await this.database.rows('ANALYZE merchants, access_tokens, deletions, merchant_pacing, account_ledgers');
  }

  /** Slows one merchant down. */
  async limit({ id }: BenchMerchant, ratePerMinute: number): Promise<void> {
    await this.database.rows(
      `UPDATE account_ledgers SET rate_per_minute = $2 WHERE authorizer_appid = (SELECT authorizer_appid FROM merchants WHERE id = $1)`,
      [id, ratePerMinute],
    );
  }

  /** What minting takes to know of a merchant. */
  holder({ id, appid }: BenchMerchant): TokenHolder {
    return { id, platformId: this.platformId, authorizerAppid: appid };
  }

  /** So that whoever comes next needs no key of this run, and has none of its work to do. */
  async clearUp(): Promise<void> {
    await this.database.rows(
      `WITH platform AS (
         UPDATE platforms SET app_secret_sealed = '', token_sealed = '', encoding_aes_key_sealed = '', ticket_sealed = NULL
         WHERE component_appid = $1 RETURNING id
       ), merchant AS (
         UPDATE merchants SET refresh_token_sealed = NULL WHERE platform_id = (SELECT id FROM platform) RETURNING id
       )
       UPDATE access_tokens SET token_sealed = NULL
       WHERE holder_id IN (SELECT id FROM merchant UNION ALL SELECT id FROM platform)`,
      [PLATFORM.componentAppid],
    );
    // Of tests that have signed proofs in a database that was given.
    await this.database.rows('DELETE FROM proof_keys');
    // Of a run that was broken off: each worker would try them in vain.
    await this.database.rows(
      `WITH open AS (
         SELECT d.id FROM deletions d JOIN merchants m ON m.id = d.merchant_id JOIN platforms p ON p.id = m.platform_id
         WHERE d.finished_at IS NULL AND p.component_appid = $1
       ), call AS (DELETE FROM deletion_attempts WHERE deletion_id IN (SELECT id FROM open))
       DELETE FROM deletions WHERE id IN (SELECT id FROM open)`,
      [PLATFORM.componentAppid],
    );
  }

  /** What has ended before is not counted any more. */
  beginRound(): void {
    this.since = uuidv7();
  }

  /** Deletions that have ended, counted where there are few rows: by their calls, one for each. */
  async finished(): Promise<number> {
    return this.database.value<number>(
      `SELECT /* bench */ count(*)::int FROM deletion_attempts WHERE id > $1 AND finished_at IS NOT NULL`,
      [this.since],
    );
  }

  /** Waits for so many deletions to end. @throws when one ended badly */
  async untilFinished(count: number): Promise<void> {
    await this.stage.until(async () => (await this.finished()) >= count);
    const bad = await this.database.value<number>(
      `SELECT count(*)::int FROM deletion_attempts WHERE id > $1 AND outcome <> 'accepted'`,
      [this.since],
    );
    if (bad > 0) throw new Error(`${bad} calls have failed`);
  }

  /**
   * Deletions a second, without the first tenth, when the process is cold, and the last twentieth, when it has too
   * little to do.
   */
  rate(): Promise<number> {
    return steadyRate(this.database, `(SELECT * FROM deletions WHERE id > '${this.since}') AS d`, 'finished_at');
  }

  /** When the deletions of this round have ended, in seconds, ascending. */
  async endedAt(): Promise<number[]> {
    const found = await this.database.rows<{ at: number }>(
      `SELECT extract(epoch FROM finished_at)::float8 AS at FROM deletions WHERE id > $1 AND finished_at IS NOT NULL ORDER BY 1`,
      [this.since],
    );
    return found.map(({ at }) => at);
  }

  private async addPlatform(): Promise<void> {
    const { componentAppid, appSecret, token, encodingAesKey } = PLATFORM;
    const [known] = await this.database.rows<{ id: string }>(`SELECT id FROM platforms WHERE component_appid = $1`, [
      componentAppid,
    ]);
    // Of a run before, in a database that was given.
    if (known) this.platformId = known.id;
    const seal = (column: string, plain: string) =>
      this.sealed.seal({ table: 'platforms', column, rowId: this.platformId }, plain);
    await this.database.rows(
      `INSERT INTO platforms (id, component_appid, app_secret_sealed, token_sealed, encoding_aes_key_sealed, ticket_sealed,
         ticket_created_at, ticket_received_at, reconciled_at, reconcile_asked_at)
       VALUES ($1, $2, $3, $4, $5, $6, now(), now(), now(), now())
       ON CONFLICT (id) DO UPDATE SET app_secret_sealed = excluded.app_secret_sealed, token_sealed = excluded.token_sealed,
         encoding_aes_key_sealed = excluded.encoding_aes_key_sealed, ticket_sealed = excluded.ticket_sealed,
         ticket_created_at = now(), ticket_received_at = now(), reconciled_at = now(), reconcile_asked_at = now()`,
      [
        this.platformId,
        componentAppid,
        seal('app_secret_sealed', appSecret),
        seal('token_sealed', token),
        seal('encoding_aes_key_sealed', encodingAesKey),
        seal('ticket_sealed', 'ticket@@@bench'),
      ],
    );
  }
}

/** Rows a second by the moments in a column. */
export function steadyRate(database: Database, table: string, column: string): Promise<number> {
  return database.value<number>(
    `WITH ended AS (
       SELECT ${column} AS at, percent_rank() OVER (ORDER BY ${column}) AS rank FROM ${table} WHERE ${column} IS NOT NULL
     )
     SELECT (count(*) / extract(epoch FROM max(at) - min(at)))::float8 FROM ended WHERE rank BETWEEN 0.1 AND 0.95`,
  );
}

const ids = (merchants: BenchMerchant[]) => merchants.map(({ id }) => id);
const appids = (merchants: BenchMerchant[]) => merchants.map(({ appid }) => appid);
