import { Injectable } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type CryptoKey } from 'jose';
import { DataSource, type EntityManager } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import { rows, SealedColumns } from '@app/database';

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
          if ((await lockCurrent(tx)) === undefined) await this.make(tx, noting);
        });
        continue;
      }
      const d = this.sealed.unseal(cellOf(found.id), found.sealed);
      const privateKey = (await importJWK({ ...OF_ED25519, x: found.x, d }, 'EdDSA')) as CryptoKey;
      return { kid: found.kid, privateKey, at: found.at };
    }
  }

  /** Oldest first. */
  async published(): Promise<PublicProofKey[]> {
    return rows(
      this.dataSource,
      `SELECT kid, public_key AS x, created_at AS "createdAt", retired_at AS "retiredAt", revoked_at AS "revokedAt"
       FROM proof_keys ORDER BY created_at, id`,
    );
  }

  /**
   * Has a new key sign from now on. Several may do it at once, one after the other.
   * @param isCompromised whether the old one is known to somebody else, and nothing that it signed counts any more
   * @returns the new key's name, and that of the old one, if there was one
   */
  async rotate(
    isCompromised: boolean,
    noting: (tx: EntityManager, kid: string, retired: string | undefined) => Promise<void>,
  ): Promise<{ kid: string; retired: string | undefined }> {
    return this.dataSource.transaction(async (tx) => {
      const retired = await lockCurrent(tx);
      await tx.query(
        `UPDATE proof_keys SET retired_at = now.at, revoked_at = CASE WHEN $1 THEN now.at END
         FROM (SELECT clock_timestamp() AS at) AS now WHERE retired_at IS NULL`,
        [isCompromised],
      );
      const kid = await this.make(tx, (_tx, made) => noting(tx, made, retired));
      return { kid, retired };
    });
  }

  private async make(tx: EntityManager, noting: Noting): Promise<string> {
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
    await noting(tx, kid);
    return kid;
  }
}

/** Whoever makes a key is alone until its transaction ends. @returns the name of the one that signs now */
async function lockCurrent(tx: EntityManager): Promise<string | undefined> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended('proof_keys', 0))`);
  return (await rows<{ kid: string }>(tx, `SELECT kid FROM proof_keys WHERE retired_at IS NULL`))[0]?.kid;
}

const cellOf = (rowId: string) => ({ table: 'proof_keys', column: 'private_key_sealed', rowId });
