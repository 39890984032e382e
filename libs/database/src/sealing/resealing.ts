import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SecretBox, VaultError } from '@app/vault';
import { recordset } from '../sql/recordset.js';
import { rows } from '../sql/rows.js';
import { statement } from '../sql/statement.js';
import { SealedColumns } from './sealed-columns.js';
import { holders, keyIdOf, SEALED_COLUMNS, type SealedColumn } from './sealed-tables.js';

/** A moment's work for the process, and for whoever waits for one of the rows. */
const BATCH = 500;

/** Seals anew with the newest master key what older ones have sealed, until these are needed no more. */
@Injectable()
export class Resealing {
  private readonly logger = new Logger(Resealing.name);
  /** Rows by column: their values do not open, and this process does not look at them again. */
  private readonly broken = new Map<SealedColumn, string[]>();

  constructor(
    private readonly dataSource: DataSource,
    private readonly box: SecretBox,
    private readonly sealed: SealedColumns,
  ) {}

  /**
   * Every worker may do it at once, and be killed meanwhile: a value is there under the older key or under the newest.
   * @param limit about how many values at most
   * @returns how many it sealed anew
   */
  async step(limit: number): Promise<number> {
    const [, ...older] = this.box.keyIds;
    if (older.length === 0) return 0;
    let [looked, resealed] = [0, 0];
    for (const place of SEALED_COLUMNS) {
      for (let found = BATCH; found === BATCH && looked < limit; looked += found) {
        const batch = await this.sealedWith(older, place);
        found = batch.length;
        resealed += await this.reseal(place, batch);
      }
    }
    if (resealed > 0) this.logger.log('sealed anew with the newest master key', { values: resealed });
    return resealed;
  }

  private sealedWith(keyIds: readonly string[], place: SealedColumn): Promise<{ id: string; was: string }[]> {
    const { column, rowId } = place;
    return rows(
      this.dataSource,
      `SELECT ${rowId} AS id, ${column} AS was FROM ${holders(place)}
         AND ${keyIdOf(column)} = ANY($1) AND ${rowId} <> ALL($2::uuid[]) LIMIT ${BATCH}`,
      [keyIds, this.broken.get(place) ?? []],
    );
  }

  /**
   * A value that somebody has changed meanwhile is newer and stays. A row that somebody is just changing is left for
   * the next time: whoever waits for no lock is in nobody's deadlock.
   */
  private async reseal(place: SealedColumn, batch: { id: string; was: string }[]): Promise<number> {
    const { table, column, rowId } = place;
    const renewed = batch.flatMap(({ id, was }) => {
      const sealed = this.renewed(place, id, was);
      return sealed === undefined ? [] : [{ id, was, sealed }];
    });
    if (renewed.length === 0) return 0;
    const { parameters, bind } = statement(renewed.map(({ id }) => id));
    const changed = await rows(
      this.dataSource,
      `WITH free AS MATERIALIZED (
         SELECT ${rowId} AS id FROM ${table} WHERE ${rowId} = ANY($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE ${table} AS t SET ${column} = renewed.sealed
       FROM ${recordset(bind, 'renewed', renewed, { id: 'uuid', was: 'text', sealed: 'text' })}
         JOIN free ON free.id = renewed.id
       WHERE t.${rowId} = renewed.id AND t.${column} = renewed.was RETURNING 1`,
      parameters,
    );
    return changed.length;
  }

  /** One that does not open is left as it is, and told once: the rest must not wait for it. */
  private renewed(place: SealedColumn, id: string, was: string): string | undefined {
    const { table, column } = place;
    try {
      const at = { table, column, rowId: id };
      return this.sealed.seal(at, this.sealed.unseal(at, was));
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      this.broken.set(place, [...(this.broken.get(place) ?? []), id]);
      this.logger.error('a sealed value does not open', { table, column, row_id: id, error });
      return undefined;
    }
  }
}
