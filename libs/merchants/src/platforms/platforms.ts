import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { LRUCache } from 'lru-cache';
import { DataSource, Repository, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { binderOf, rows, SealedColumns } from '@app/database';
import type { EventSubject } from '@app/events';
import { EVERYTHING, type Scope } from '@app/scope';
import { decodeAesKey } from '@app/wechat';
import { PlatformExists, PlatformHasMerchants, PlatformNotFound } from '../errors.js';
import type { Logo } from './logo.js';
import { PlatformRow } from './platform.entity.js';
import { platformInScope } from './platforms-in-scope.js';
import { TICKET_LIFETIME_MS } from './ticket-state.js';

/** A platform without its secrets. */
export interface Platform {
  id: string;
  componentAppid: string;
  /** When the newest ticket reached us; null before the first. */
  ticketReceivedAt: Date | null;
  /** When WeChat's list of authorizers was last compared with our merchants. */
  reconciledAt: Date | null;
  /** Where its verified pushes are forwarded to. */
  forwardUrls: string[];
  /** As merchants see it. */
  providerName: string | null;
  /** Its media type. Null: there is none. */
  providerLogoType: string | null;
  /** What the return address of a link may begin with. */
  returnUrls: string[];
  /** Where the authorization pages lead back to unless a link says where. */
  returnUrl: string | null;
  createdAt: Date;
  updatedAt: Date;
}

/** What WeChat's console shows once and this service keeps sealed. */
export interface PlatformSecrets {
  appSecret: string;
  /** The message verification token, which signs pushes. */
  token: string;
  /** 43 characters. */
  encodingAesKey: string;
  /** Still accepted while pushes sealed with it may be under way. */
  previousEncodingAesKey?: string | null | undefined;
}

/** What the provider says of a platform. */
export interface PlatformSettings extends PlatformSecrets {
  forwardUrls?: string[] | undefined;
  providerName?: string | null | undefined;
  providerLogo?: Logo | null | undefined;
  returnUrls?: string[] | undefined;
  returnUrl?: string | null | undefined;
}

/** Undefined: as it was. */
export type PlatformChanges = { [Name in keyof PlatformSettings]?: PlatformSettings[Name] | undefined };

/** Writes what belongs to a change in its transaction, such as an audit row. */
export type Alongside = (tx: EntityManager) => Promise<void>;

/** What opening a push takes. */
export interface PushCredentials {
  platform: Platform;
  token: string;
  /** Newest first. */
  aesKeys: Buffer[];
}

type SecretColumn =
  | 'app_secret_sealed'
  | 'token_sealed'
  | 'encoding_aes_key_sealed'
  | 'previous_encoding_aes_key_sealed'
  | 'ticket_sealed';

/**
 * Forged pushes cost no query while a platform's keys are remembered. In the other processes a change counts after this
 * time: change keys here first, then at WeChat.
 */
const CREDENTIALS_CACHE = { max: 100, ttl: 5_000 };
/**
 * However many appids are made up, they cost one query in this time together. In other processes a new platform is
 * known after it.
 */
const REGISTERED_REMEMBERED_MS = 1_000;
/** They never change. */
const APPIDS_CACHE = { max: 1_000 };

/** In this order: what points at another goes first. What other libs keep of it goes with its row. */
const WHAT_IS_OF_A_PLATFORM = [
  `DELETE FROM callback_forwards WHERE event_id IN (SELECT id FROM callback_events WHERE platform_id = $1)`,
  `DELETE FROM callback_events WHERE platform_id = $1`,
  `DELETE FROM authorization_codes WHERE platform_id = $1`,
  `DELETE FROM access_tokens WHERE holder_id = $1`,
  `DELETE FROM platforms WHERE id = $1`,
];

@Injectable()
export class Platforms {
  private readonly credentials = new LRUCache<string, PushCredentials>(CREDENTIALS_CACHE);
  private readonly appids = new LRUCache<string, string>(APPIDS_CACHE);
  private registered: { at: number; appids: Promise<Set<string>> } | undefined;

  constructor(
    private readonly dataSource: DataSource,
    @InjectRepository(PlatformRow) private readonly repository: Repository<PlatformRow>,
    private readonly sealed: SealedColumns,
  ) {}

  /** @throws PlatformExists */
  async register(componentAppid: string, settings: PlatformSettings, alongside?: Alongside): Promise<Platform> {
    const id = uuidv7();
    await this.dataSource.transaction(async (tx) => {
      const inserted = await tx
        .createQueryBuilder()
        .insert()
        .into(PlatformRow)
        .values({ id, componentAppid, ...plainColumns(settings), ...this.sealSecrets(id, settings) })
        .orIgnore()
        .returning('id')
        .execute();
      if ((inserted.raw as unknown[]).length === 0) throw new PlatformExists(componentAppid);
      await alongside?.(tx);
    });
    this.registered = undefined;
    return this.get(EVERYTHING, componentAppid);
  }

  /** Replaces what is given; a new AES key keeps the one it replaces as the previous key. @throws PlatformNotFound */
  async update(componentAppid: string, changes: PlatformChanges, alongside?: Alongside): Promise<Platform> {
    await this.dataSource.transaction(async (tx) => {
      const row = await tx.findOne(PlatformRow, { where: { componentAppid }, lock: { mode: 'pessimistic_write' } });
      if (!row) throw new PlatformNotFound(componentAppid);
      const current = this.unseal(row.id, 'encoding_aes_key_sealed', row.encodingAesKeySealed);
      const { encodingAesKey = current, previousEncodingAesKey } = changes;
      // A change that is sent again must not put the new key in the place of the previous one.
      const isKeyReplaced = previousEncodingAesKey === undefined && encodingAesKey !== current;
      const secrets = isKeyReplaced ? { ...changes, previousEncodingAesKey: current } : changes;
      const sealed = this.sealSecrets(row.id, secrets);
      // A change may be the mend that a held platform waits for; how its pages look is none.
      const touched = isOfPagesAlone(changes) && { updatedAt: row.updatedAt };
      await tx.update(PlatformRow, { id: row.id }, { ...sealed, ...plainColumns(changes), ...touched });
      await alongside?.(tx);
    });
    this.credentials.delete(componentAppid);
    return this.get(EVERYTHING, componentAppid);
  }

  /**
   * Takes away a platform that no account has authorized, with what WeChat pushed for it. What merchants have had done
   * stays for good, and so does their platform.
   * @throws PlatformNotFound, PlatformHasMerchants
   */
  async delete(componentAppid: string, alongside?: Alongside): Promise<void> {
    await this.dataSource.transaction(async (tx) => {
      // Whoever adds a merchant or records a push meanwhile waits for the end of this, and finds no platform then.
      const row = await tx.findOne(PlatformRow, { where: { componentAppid }, lock: { mode: 'pessimistic_write' } });
      if (!row) throw new PlatformNotFound(componentAppid);
      const [merchant] = await rows(tx, `SELECT 1 FROM merchants WHERE platform_id = $1 LIMIT 1`, [row.id]);
      if (merchant) throw new PlatformHasMerchants(componentAppid);
      for (const statement of WHAT_IS_OF_A_PLATFORM) await tx.query(statement, [row.id]);
      await alongside?.(tx);
    });
    this.credentials.delete(componentAppid);
  }

  async list(scope: Scope): Promise<Platform[]> {
    const query = this.repository.createQueryBuilder('platform').orderBy('platform.id');
    return (await query.where(platformInScope(scope, 'platform', binderOf(query))).getMany()).map(withoutSecrets);
  }

  /** What is out of scope is not found, as if it were not there. @throws PlatformNotFound */
  async get(scope: Scope, componentAppid: string, tx: EntityManager = this.dataSource.manager): Promise<Platform> {
    const query = tx
      .createQueryBuilder(PlatformRow, 'platform')
      .where('platform.componentAppid = :componentAppid', { componentAppid });
    const row = await query.andWhere(platformInScope(scope, 'platform', binderOf(query))).getOne();
    if (!row) throw new PlatformNotFound(componentAppid);
    return withoutSecrets(row);
  }

  /** One that a stranger names: however many appids are made up, they cost one query in a second together. @throws PlatformNotFound */
  async named(componentAppid: string): Promise<Platform> {
    if (!(await this.isRegistered(componentAppid))) throw new PlatformNotFound(componentAppid);
    return this.get(EVERYTHING, componentAppid);
  }

  /** For a stranger's browser, as above. Undefined where there is none. @throws PlatformNotFound */
  async logo(componentAppid: string): Promise<Logo | undefined> {
    if (!(await this.isRegistered(componentAppid))) throw new PlatformNotFound(componentAppid);
    const select = { id: true, providerLogo: true, providerLogoType: true };
    const row = await this.repository.findOne({ where: { componentAppid }, select });
    return row?.providerLogo && row.providerLogoType
      ? { type: row.providerLogoType, bytes: row.providerLogo }
      : undefined;
  }

  /** The component appid of a platform that is there. */
  async appidOf(id: string, tx: EntityManager = this.dataSource.manager): Promise<string> {
    const known = this.appids.get(id);
    if (known !== undefined) return known;
    const { componentAppid } = await tx.findOneOrFail(PlatformRow, {
      where: { id },
      select: { componentAppid: true },
    });
    this.appids.set(id, componentAppid);
    return componentAppid;
  }

  /** A merchant with its platform, as events name them. */
  async eventSubject(
    tx: EntityManager,
    merchant: { id: string; platformId: string; authorizerAppid: string },
  ): Promise<EventSubject> {
    const componentAppid = await this.appidOf(merchant.platformId, tx);
    return { platform: { id: merchant.platformId, componentAppid }, merchant };
  }

  async byId(id: string): Promise<Platform> {
    return withoutSecrets(await this.row({ id }, id));
  }

  /** Up to five seconds old where another process changed them. @throws PlatformNotFound */
  async pushCredentials(componentAppid: string): Promise<PushCredentials> {
    const remembered = this.credentials.get(componentAppid);
    if (remembered) return remembered;
    if (!(await this.isRegistered(componentAppid))) throw new PlatformNotFound(componentAppid);
    const credentials = await this.readCredentials(componentAppid);
    this.credentials.set(componentAppid, credentials);
    return credentials;
  }

  /** For pages that strangers' mistakes lead to: while it is remembered, as above, it costs no query. @throws PlatformNotFound */
  async remembered(componentAppid: string): Promise<Platform> {
    return (await this.pushCredentials(componentAppid)).platform;
  }

  async appSecret(id: string): Promise<string> {
    const row = await this.row({ id }, id);
    return this.unseal(id, 'app_secret_sealed', row.appSecretSealed);
  }

  /** The newest ticket, or undefined when there is none that WeChat would still take. */
  async ticket(id: string): Promise<string | undefined> {
    const row = await this.repository
      .createQueryBuilder('platform')
      .where(`id = :id AND ticket_received_at > now() - :lifetimeMs * interval '1 ms'`, {
        id,
        lifetimeMs: TICKET_LIFETIME_MS,
      })
      .getOne();
    return row?.ticketSealed ? this.unseal(id, 'ticket_sealed', row.ticketSealed) : undefined;
  }

  /** Keeps the ticket unless a newer one (by WeChat's clock) is kept already. */
  async keepTicket(tx: EntityManager, id: string, ticket: string, createdAt: Date): Promise<void> {
    await tx.query(
      `UPDATE platforms SET ticket_sealed = $2, ticket_created_at = $3, ticket_received_at = now()
       WHERE id = $1 AND (ticket_created_at IS NULL OR ticket_created_at <= $3)`,
      [id, this.sealed.seal({ table: 'platforms', column: 'ticket_sealed', rowId: id }, ticket), createdAt],
    );
  }

  /**
   * Not by the address that asks: WeChat's pushes for all platforms come from few addresses, and those for a platform
   * that is no longer registered must not stand in the way of the others'.
   */
  private async isRegistered(componentAppid: string): Promise<boolean> {
    const now = performance.now();
    if (!this.registered || now - this.registered.at >= REGISTERED_REMEMBERED_MS) {
      const appids = this.repository
        .find({ select: { componentAppid: true } })
        .then((found) => new Set(found.map((row) => row.componentAppid)));
      const asked = { at: now, appids };
      this.registered = asked;
      appids.catch(() => {
        if (this.registered === asked) this.registered = undefined;
      });
    }
    return (await this.registered.appids).has(componentAppid);
  }

  private async readCredentials(componentAppid: string): Promise<PushCredentials> {
    const row = await this.row({ componentAppid }, componentAppid);
    const keys = [this.unseal(row.id, 'encoding_aes_key_sealed', row.encodingAesKeySealed)];
    if (row.previousEncodingAesKeySealed) {
      keys.push(this.unseal(row.id, 'previous_encoding_aes_key_sealed', row.previousEncodingAesKeySealed));
    }
    return {
      platform: withoutSecrets(row),
      token: this.unseal(row.id, 'token_sealed', row.tokenSealed),
      aesKeys: keys.map(decodeAesKey),
    };
  }

  private async row(where: { id: string } | { componentAppid: string }, name: string): Promise<PlatformRow> {
    const row = await this.repository.findOneBy(where);
    if (!row) throw new PlatformNotFound(name);
    return row;
  }

  private sealSecrets(id: string, secrets: PlatformChanges): Partial<PlatformRow> {
    const seal = (column: SecretColumn, value: string) =>
      this.sealed.seal({ table: 'platforms', column, rowId: id }, value);
    const { appSecret, token, encodingAesKey, previousEncodingAesKey } = secrets;
    return {
      ...(appSecret !== undefined && { appSecretSealed: seal('app_secret_sealed', appSecret) }),
      ...(token !== undefined && { tokenSealed: seal('token_sealed', token) }),
      ...(encodingAesKey !== undefined && { encodingAesKeySealed: seal('encoding_aes_key_sealed', encodingAesKey) }),
      ...(previousEncodingAesKey !== undefined && {
        previousEncodingAesKeySealed:
          previousEncodingAesKey && seal('previous_encoding_aes_key_sealed', previousEncodingAesKey),
      }),
    };
  }

  private unseal(id: string, column: SecretColumn, value: string): string {
    return this.sealed.unseal({ table: 'platforms', column, rowId: id }, value);
  }
}

const OF_PAGES: readonly string[] = ['providerName', 'providerLogo', 'returnUrls', 'returnUrl'];

function isOfPagesAlone(changes: PlatformChanges): boolean {
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return given.length > 0 && given.every(([name]) => OF_PAGES.includes(name));
}

function plainColumns(settings: PlatformChanges): Partial<PlatformRow> {
  const { forwardUrls, providerName, providerLogo, returnUrls, returnUrl } = settings;
  return {
    ...(forwardUrls !== undefined && { forwardUrls }),
    ...(providerName !== undefined && { providerName }),
    ...(providerLogo !== undefined && {
      providerLogo: providerLogo?.bytes ?? null,
      providerLogoType: providerLogo?.type ?? null,
    }),
    ...(returnUrls !== undefined && { returnUrls }),
    ...(returnUrl !== undefined && { returnUrl }),
  };
}

function withoutSecrets(row: PlatformRow): Platform {
  const { id, componentAppid, ticketReceivedAt, reconciledAt, forwardUrls, createdAt, updatedAt } = row;
  const { providerName, providerLogoType, returnUrls, returnUrl } = row;
  const shown = { providerName, providerLogoType, returnUrls, returnUrl };
  return { id, componentAppid, ticketReceivedAt, reconciledAt, forwardUrls, ...shown, createdAt, updatedAt };
}
