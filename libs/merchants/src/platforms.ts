import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { SealedColumns } from '@app/database';
import { decodeAesKey } from '@app/wechat';
import { PlatformExists, PlatformNotFound } from './errors.js';
import { PlatformRow } from './platform.entity.js';

/** A platform without its secrets. */
export interface Platform {
  id: string;
  componentAppid: string;
  /** When the newest ticket reached us; null before the first. */
  ticketReceivedAt: Date | null;
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

/** Undefined: as it was. */
export type SecretChanges = { [Name in keyof PlatformSecrets]?: PlatformSecrets[Name] | undefined };

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

/** A ticket is good for 12 hours, longer than WeChat's pushes are apart, so that silence for a while does no harm. */
const TICKET_LIFETIME = '12 hours';

@Injectable()
export class Platforms {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
  ) {}

  /** @throws PlatformExists */
  async register(componentAppid: string, secrets: PlatformSecrets): Promise<Platform> {
    const id = uuidv7();
    const inserted = await this.dataSource
      .createQueryBuilder()
      .insert()
      .into(PlatformRow)
      .values({ id, componentAppid, ...this.sealSecrets(id, secrets) })
      .orIgnore()
      .returning('id')
      .execute();
    if ((inserted.raw as unknown[]).length === 0) throw new PlatformExists(componentAppid);
    return this.get(componentAppid);
  }

  /** Replaces the secrets that are given; a new AES key keeps the one it replaces as the previous key. */
  async update(componentAppid: string, changes: SecretChanges): Promise<Platform> {
    await this.dataSource.transaction(async (tx) => {
      const row = await tx.findOne(PlatformRow, { where: { componentAppid }, lock: { mode: 'pessimistic_write' } });
      if (!row) throw new PlatformNotFound(componentAppid);
      const current = this.open(row.id, 'encoding_aes_key_sealed', row.encodingAesKeySealed);
      const { encodingAesKey = current, previousEncodingAesKey } = changes;
      // A change that is sent again must not put the new key in the place of the previous one.
      const isKeyReplaced = previousEncodingAesKey === undefined && encodingAesKey !== current;
      const secrets = isKeyReplaced ? { ...changes, previousEncodingAesKey: current } : changes;
      await tx.update(PlatformRow, { id: row.id }, this.sealSecrets(row.id, secrets));
    });
    return this.get(componentAppid);
  }

  async list(): Promise<Platform[]> {
    return (await this.dataSource.manager.find(PlatformRow, { order: { id: 'ASC' } })).map(withoutSecrets);
  }

  /** @throws PlatformNotFound */
  async get(componentAppid: string, tx: EntityManager = this.dataSource.manager): Promise<Platform> {
    return withoutSecrets(await this.row({ componentAppid }, componentAppid, tx));
  }

  async byId(id: string): Promise<Platform> {
    return withoutSecrets(await this.row({ id }, id));
  }

  /** @throws PlatformNotFound */
  async pushCredentials(componentAppid: string): Promise<PushCredentials> {
    const row = await this.row({ componentAppid }, componentAppid);
    const keys = [this.open(row.id, 'encoding_aes_key_sealed', row.encodingAesKeySealed)];
    if (row.previousEncodingAesKeySealed) {
      keys.push(this.open(row.id, 'previous_encoding_aes_key_sealed', row.previousEncodingAesKeySealed));
    }
    return {
      platform: withoutSecrets(row),
      token: this.open(row.id, 'token_sealed', row.tokenSealed),
      aesKeys: keys.map(decodeAesKey),
    };
  }

  async appSecret(id: string): Promise<string> {
    const row = await this.row({ id }, id);
    return this.open(id, 'app_secret_sealed', row.appSecretSealed);
  }

  /** The newest ticket, or undefined when there is none that WeChat would still take. */
  async ticket(id: string): Promise<string | undefined> {
    const row = await this.dataSource
      .createQueryBuilder(PlatformRow, 'platform')
      .where('id = :id AND ticket_received_at > now() - CAST(:lifetime AS interval)', { id, lifetime: TICKET_LIFETIME })
      .getOne();
    return row?.ticketSealed ? this.open(id, 'ticket_sealed', row.ticketSealed) : undefined;
  }

  /** Keeps the ticket unless a newer one (by WeChat's clock) is kept already. */
  async keepTicket(tx: EntityManager, id: string, ticket: string, createdAt: Date): Promise<void> {
    await tx.query(
      `UPDATE platforms SET ticket_sealed = $2, ticket_created_at = $3, ticket_received_at = now()
       WHERE id = $1 AND (ticket_created_at IS NULL OR ticket_created_at <= $3)`,
      [id, this.sealed.seal({ table: 'platforms', column: 'ticket_sealed', rowId: id }, ticket), createdAt],
    );
  }

  private async row(
    where: { id: string } | { componentAppid: string },
    name: string,
    tx: EntityManager = this.dataSource.manager,
  ): Promise<PlatformRow> {
    const row = await tx.findOneBy(PlatformRow, where);
    if (!row) throw new PlatformNotFound(name);
    return row;
  }

  private sealSecrets(id: string, secrets: SecretChanges): Partial<PlatformRow> {
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

  private open(id: string, column: SecretColumn, value: string): string {
    return this.sealed.open({ table: 'platforms', column, rowId: id }, value);
  }
}

function withoutSecrets(row: PlatformRow): Platform {
  const { id, componentAppid, ticketReceivedAt, createdAt, updatedAt } = row;
  return { id, componentAppid, ticketReceivedAt, createdAt, updatedAt };
}
