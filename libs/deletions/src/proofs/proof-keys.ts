import { Injectable } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey } from 'jose';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows, SealedColumns, type Sql } from '@app/database';
import { ProofKeyUnknown } from '../errors.js';

/** The key that signs now. */
export interface SigningKey {
  kid: string;
  privateKey: CryptoKey;
  /** When it was looked up, by the database's clock, as its retirement will be. */
  at: Date;
}

/** What a key pair leaves for everybody to read. */
export interface PublicProofKey {
  kid: string;
  /** Of the curve Ed25519, in base64url. */
  x: string;
  createdAt: Date;
  retiredAt: Date | null;
  /** It is known to somebody else: no signature of it counts. */
  revokedAt: Date | null;
}

/** Keys by their names. */
export interface ProofKeyChange {
  /** It signs from now on. */
  made: string | undefined;
  /** It signed until now. */
  retired: string | undefined;
  /** Nothing that they signed counts any more. Without those that were revoked before. */
  revoked: string[];
}

/** Writes down what was done to a key, in the transaction that does it. */
type Noting = (tx: EntityManager, kid: string) => Promise<void>;

const OF_ED25519 = { kty: 'OKP', crv: 'Ed25519' };

/** The deployment's own keys, made when first needed. One signs at a time; of the others, the public part stays for ever. */
@Injectable()
export class ProofKeys {
  constructor(
    private readonly dataSource: DataSource,
    private readonly sealed: SealedColumns,
  ) {}

  /** @param noting where this is the first need */
  async current(noting: Noting): Promise<SigningKey> {
    for (;;) {
      const [found] = await rows<{ id: string; kid: string; x: string; sealed: string; at: Date }>(
        this.dataSource,
        `SELECT id, kid, public_key AS x, private_key_sealed AS sealed, clock_timestamp() AS at
         FROM proof_keys WHERE retired_at IS NULL`,
      );
      if (!found) {
        await this.dataSource.transaction(async (tx) => {
          if ((await lockCurrent(tx)) === undefined) await noting(tx, await this.make(tx));
        });
        continue;
      }
      const d = this.sealed.unseal(cellOf(found.id), found.sealed);
      const privateKey = (await importJWK({ ...OF_ED25519, x: found.x, d }, 'EdDSA')) as CryptoKey;
      return { kid: found.kid, privateKey, at: found.at };
    }
  }

  /** Oldest first. */
  published(): Promise<PublicProofKey[]> {
    return publicKeys(this.dataSource);
  }

  /**
   * Has a new key sign from now on, and revokes keys. The private part of a key goes when the key retires: nobody can
   * sign with it later, as of an earlier time. Several may rotate at once, one after the other.
   * @param compromised the keys that somebody else may know. Where one is named that has retired, the current one goes on
   * @param noting not called where nothing changes
   */
  async rotate(
    compromised: 'none' | 'current' | 'all' | { kid: string },
    noting: (tx: EntityManager, change: ProofKeyChange) => Promise<void>,
  ): Promise<ProofKeyChange> {
    return this.dataSource.transaction(async (tx) => {
      const current = await lockCurrent(tx);
      const keys = await publicKeys(tx);
      const named = typeof compromised === 'object' ? compromised.kid : undefined;
      if (named !== undefined && !keys.some(({ kid }) => kid === named)) throw new ProofKeyUnknown(named);
      const isToRevoke = ({ kid, revokedAt }: PublicProofKey) =>
        !revokedAt && (compromised === 'all' || kid === (compromised === 'current' ? current : named));
      const revoked = keys.filter(isToRevoke).map(({ kid }) => kid);
      const isRotated = named === undefined || named === current;
      await tx.query(
        `UPDATE proof_keys SET retired_at = coalesce(retired_at, now.at), private_key_sealed = NULL,
           revoked_at = CASE WHEN kid = ANY($2) THEN now.at ELSE revoked_at END
         FROM (SELECT clock_timestamp() AS at) AS now WHERE retired_at IS NOT NULL OR $1`,
        [isRotated, revoked],
      );
      const made = isRotated ? await this.make(tx) : undefined;
      const change = { made, retired: isRotated ? current : undefined, revoked };
      if (isRotated || revoked.length > 0) await noting(tx, change);
      return change;
    });
  }

  private async make(tx: EntityManager): Promise<string> {
    const pair = await generateKeyPair('EdDSA', { extractable: true });
    const { x = '', d = '' } = await exportJWK(pair.privateKey);
    const kid = await calculateJwkThumbprint({ ...OF_ED25519, x });
    const id = uuidv7();
    await tx.query(`INSERT INTO proof_keys (id, kid, public_key, private_key_sealed) VALUES ($1, $2, $3, $4)`, [
      id,
      kid,
      x,
      this.sealed.seal(cellOf(id), d),
    ]);
    return kid;
  }
}

const publicKeys = (sql: Sql): Promise<PublicProofKey[]> =>
  rows(
    sql,
    `SELECT kid, public_key AS x, created_at AS "createdAt", retired_at AS "retiredAt", revoked_at AS "revokedAt"
     FROM proof_keys ORDER BY created_at, id`,
  );

/** Whoever makes a key is alone until its transaction ends. @returns the name of the one that signs now */
async function lockCurrent(tx: EntityManager): Promise<string | undefined> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('proof_keys', 0))`);
  return (await rows<{ kid: string }>(tx, `SELECT kid FROM proof_keys WHERE retired_at IS NULL`))[0]?.kid;
}

const cellOf = (rowId: string) => ({ table: 'proof_keys', column: 'private_key_sealed', rowId });
