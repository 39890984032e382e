import { isIP } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows, SealedColumns, type Sql } from '@app/database';
import { isWithin, type Scope } from '@app/scope';
import {
  WebhookAddressPrivate,
  WebhookEndpointNotFound,
  WebhookEndpointsTooMany,
  WebhookScopeTooWide,
} from './errors.js';
import { WEBHOOKS_OPTIONS, type WebhooksOptions } from './options.js';
import { isPublicAddress } from './outbound/public-address.js';
import { newSigningSecret } from './outbound/signing.js';
import { WebhookDeliveries } from './webhook-deliveries.js';
import { WebhookEndpointRow } from './webhook-endpoint.entity.js';
import type { DisabledReason, EndpointState } from './webhook-endpoint.entity.js';
import { hostOf } from './outbound/webhook-url.js';

/** An endpoint without its secrets. */
export interface WebhookEndpoint {
  id: string;
  url: string;
  description: string | null;
  eventTypes: string[];
  platforms: string[] | null;
  merchants: string[] | null;
  state: EndpointState;
  disabledReason: DisabledReason | null;
  failingSince: Date | null;
  lastDeliveredAt: Date | null;
  previousSecretUntil: Date | null;
  createdAt: Date;
  updatedAt: Date;
}

export interface EndpointSettings {
  url: string;
  /** Patterns. */
  eventTypes: string[];
  description?: string | null | undefined;
  /** Undefined: as wide as whoever makes the endpoint may see. */
  platforms?: string[] | null | undefined;
  merchants?: string[] | null | undefined;
}

/**
 * Undefined: as it was. What an endpoint hears of never changes: whoever sees it also sees what was sent there before,
 * so a narrower one would tell its new readers of others.
 */
export interface EndpointChanges {
  url?: string | undefined;
  eventTypes?: string[] | undefined;
  description?: string | null | undefined;
  state?: EndpointState | undefined;
}

/**
 * Within the same limits. Each event is written once per endpoint, and every worker looks at each of them twice a
 * second.
 */
const MAX_ENDPOINTS = 50;

/** Writes what belongs to a change in its transaction, such as an audit row. */
export type Alongside = (tx: EntityManager, endpointId: string) => Promise<void>;

const COLUMNS = `id, url, description, event_types AS "eventTypes", platforms, merchants, state,
  disabled_reason AS "disabledReason", failing_since AS "failingSince", last_delivered_at AS "lastDeliveredAt",
  previous_secret_until AS "previousSecretUntil", created_at AS "createdAt", updated_at AS "updatedAt"`;

/** A key with limits sees the endpoints that hear of nothing beyond these. */
export const isVisible = (platforms: string, merchants: string) =>
  `(${platforms}::text[] IS NULL OR platforms <@ ${platforms})
   AND (${merchants}::text[] IS NULL OR merchants <@ ${merchants})`;

/** The endpoints at which the provider wants to be told of events. Those beyond the caller's scope are not there. */
@Injectable()
export class WebhookEndpoints {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
    private readonly deliveries: WebhookDeliveries,
    @Inject(WEBHOOKS_OPTIONS) private readonly options: WebhooksOptions,
  ) {}

  /** The secret is shown this once. @throws WebhookAddressPrivate, WebhookScopeTooWide, WebhookEndpointsTooMany */
  async create(
    scope: Scope,
    settings: EndpointSettings,
    alongside?: Alongside,
  ): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
    const { url, eventTypes, description = null, platforms = scope.platforms, merchants = scope.merchants } = settings;
    this.refusePrivate(url);
    refuseWider(scope, { platforms, merchants });
    const id = uuidv7();
    const secret = newSigningSecret();
    await this.dataSource.transaction(async (tx) => {
      await refuseTooMany(tx, scope, { platforms, merchants });
      const limits = { platforms: platforms && [...platforms], merchants: merchants && [...merchants] };
      const secretSealed = this.sealed.seal(secretPlace(id), secret);
      await tx.insert(WebhookEndpointRow, { id, url, description, eventTypes, ...limits, secretSealed });
      await alongside?.(tx, id);
    });
    return { endpoint: await this.get(scope, id), secret };
  }

  /** Newest first. `after`: the id after which the page starts. */
  async list(
    { platforms, merchants }: Scope,
    { limit, after }: { limit: number; after?: string | undefined },
  ): Promise<WebhookEndpoint[]> {
    return rows(
      this.dataSource,
      `SELECT ${COLUMNS} FROM webhook_endpoints WHERE ${isVisible('$1', '$2')} AND ($3::uuid IS NULL OR id < $3)
       ORDER BY id DESC LIMIT $4`,
      [platforms, merchants, after ?? null, limit],
    );
  }

  /**
   * Those that fail, or that failures have disabled. What hears of the most comes first: of all tenants together there
   * may be more.
   */
  async inTrouble({ platforms, merchants }: Scope, limit: number): Promise<WebhookEndpoint[]> {
    return rows(
      this.dataSource,
      `SELECT ${COLUMNS} FROM webhook_endpoints
       WHERE ${isVisible('$1', '$2')} AND (failing_since IS NOT NULL OR disabled_reason <> 'request')
       ORDER BY (platforms IS NULL) DESC, (merchants IS NULL) DESC, id DESC LIMIT $3`,
      [platforms, merchants, limit],
    );
  }

  /** @throws WebhookEndpointNotFound */
  async get(scope: Scope, id: string, sql: Sql = this.dataSource, lock = ''): Promise<WebhookEndpoint> {
    const [endpoint] = await rows<WebhookEndpoint>(
      sql,
      `SELECT ${COLUMNS} FROM webhook_endpoints WHERE id = $3 AND ${isVisible('$1', '$2')} ${lock}`,
      [scope.platforms, scope.merchants, id],
    );
    if (!endpoint) throw new WebhookEndpointNotFound(id);
    return endpoint;
  }

  /**
   * Enabling forgets the past failures. Either way what is pending is given up: what a disabled one missed is not sent.
   * @throws WebhookEndpointNotFound, WebhookAddressPrivate
   */
  async update(scope: Scope, id: string, changes: EndpointChanges, alongside?: Alongside): Promise<WebhookEndpoint> {
    if (changes.url !== undefined) this.refusePrivate(changes.url);
    return this.dataSource.transaction(async (tx) => {
      const before = await this.get(scope, id, tx, 'FOR UPDATE');
      // A field that is undefined stays as it was; spreading would overwrite it.
      const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
      const wanted: WebhookEndpoint = { ...before, ...given };
      const { url, description, eventTypes } = wanted;
      await tx.update(WebhookEndpointRow, { id }, { url, description, eventTypes, updatedAt: () => 'now()' });
      if (wanted.state !== before.state) await this.turn(tx, id, wanted.state);
      await alongside?.(tx, id);
      return this.get(scope, id, tx);
    });
  }

  /** Its deliveries go with it. @throws WebhookEndpointNotFound */
  async delete(scope: Scope, id: string, alongside?: Alongside): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      await this.get(scope, id, tx, 'FOR UPDATE');
      await tx.delete(WebhookEndpointRow, { id });
      await alongside?.(tx, id);
    });
  }

  /**
   * Makes a new secret, shown this once. Until the overlap ends, the one before signs as well; the one before that does
   * not any more.
   * @throws WebhookEndpointNotFound
   */
  async rotateSecret(
    scope: Scope,
    id: string,
    { overlapMs }: { overlapMs: number },
    alongside?: Alongside,
  ): Promise<{ endpoint: WebhookEndpoint; secret: string }> {
    const secret = newSigningSecret();
    const endpoint = await this.dataSource.transaction(async (tx) => {
      await this.get(scope, id, tx, 'FOR UPDATE');
      const row = await tx.findOneByOrFail(WebhookEndpointRow, { id });
      const previous = this.sealed.unseal(secretPlace(id), row.secretSealed);
      await tx.query(
        `UPDATE webhook_endpoints SET secret_sealed = $2, previous_secret_sealed = $3,
           previous_secret_until = now() + $4 * interval '1 ms', updated_at = now() WHERE id = $1`,
        [id, this.sealed.seal(secretPlace(id), secret), this.sealed.seal(previousSecretPlace(id), previous), overlapMs],
      );
      await alongside?.(tx, id);
      return this.get(scope, id, tx);
    });
    return { endpoint, secret };
  }

  private async turn(tx: EntityManager, id: string, state: EndpointState): Promise<void> {
    await tx.query(
      `UPDATE webhook_endpoints SET state = $2, disabled_reason = CASE $2 WHEN 'disabled' THEN 'request' END,
         failing_since = NULL WHERE id = $1`,
      [id, state],
    );
    // Also when it is enabled: what was asked for while it was being disabled may have stayed behind.
    await this.deliveries.giveUpPending(tx, id);
  }

  /** Tells at once what would fail later; names are looked up when something is sent. */
  private refusePrivate(url: string): void {
    const host = hostOf(url);
    if (!this.options.allowPrivate && isIP(host) !== 0 && !isPublicAddress(host)) throw new WebhookAddressPrivate();
  }
}

export const secretPlace = (rowId: string) => ({ table: 'webhook_endpoints', column: 'secret_sealed', rowId });
export const previousSecretPlace = (rowId: string) => ({
  table: 'webhook_endpoints',
  column: 'previous_secret_sealed',
  rowId,
});

function refuseWider(allowed: Scope, wanted: Scope): void {
  if (!isWithin(wanted, allowed)) throw new WebhookScopeTooWide();
}

/**
 * Counts what is within the caller's limits, whoever made it. A caller without limits is not held up by what tenants
 * have: there counts what hears of as much as the new one, or of less.
 */
async function refuseTooMany(tx: EntityManager, caller: Scope, wanted: Scope): Promise<void> {
  // Two that come at once take turns, or both would find room.
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('webhook_endpoints', 0))`);
  const isLimited = caller.platforms !== null || caller.merchants !== null;
  const { platforms, merchants } = isLimited ? caller : wanted;
  const [found] = await rows<{ count: number }>(
    tx,
    `SELECT count(*)::int AS count FROM webhook_endpoints WHERE ${isVisible('$1', '$2')}
       AND ($1::text[] IS NOT NULL OR $2::text[] IS NOT NULL OR (platforms IS NULL AND merchants IS NULL))`,
    [platforms, merchants],
  );
  if ((found?.count ?? 0) >= MAX_ENDPOINTS) throw new WebhookEndpointsTooMany(MAX_ENDPOINTS);
}
