import { recordset, rows, statement, type Sql } from '@app/database';
import type { Scope } from '@app/scope';
import { targetColumns, targetKey, type Target } from '../deletion/target.js';
import { goneBy, isOfPlatforms, wishOf } from './known-gone.js';

/** A target as it is asked for: by its address, where the inventory knows the message. */
export interface Wish {
  merchantId: string;
  target: Target;
  askedUrl?: string | null | undefined;
}

/** @returns the ids of the deletions by which the targets are gone, each asked for by itself */
export async function goneOneByOne(sql: Sql, wishes: Wish[], { platforms }: Scope): Promise<(string | null)[]> {
  const { parameters, bind } = statement();
  const lines = wishes.map(({ merchantId, target, askedUrl }, line) => {
    const { msgId, articleIdx } = targetColumns(target);
    const askedKey = askedUrl == null ? null : targetKey({ url: askedUrl });
    return { line, merchantId, msgId, articleIdx, targetKey: targetKey(target), askedKey };
  });
  const targets = recordset(bind, 't', lines, {
    line: 'int',
    merchantId: 'uuid',
    msgId: 'bigint',
    articleIdx: 'int',
    targetKey: 'text',
    askedKey: 'text',
  });
  const within = platforms === null ? 'TRUE' : isOfPlatforms(bind(platforms));
  const found = await rows<{ id: string | null }>(
    sql,
    `SELECT ${goneBy(wishOf('t'), within)} AS id FROM ${targets} ORDER BY t.line`,
    parameters,
  );
  return found.map(({ id }) => id);
}
