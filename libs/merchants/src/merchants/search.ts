import type { Bind } from '@app/database';

/**
 * Rows that a search looks at in one statement, in the order of its list. So few that Postgres reads them along the
 * index of that order and not the whole table.
 */
export const LOOKED_AT = 500;

/** Statements to a page: with them it has looked at 5,000 rows. */
const ROUNDS = 10;

/** A page of a list. Of a search, it may be short, or empty, although the search goes on. */
export interface FoundPage<Row, Place> {
  found: Row[];
  /** After which the next page starts. Undefined: there is none. */
  next: Place | undefined;
}

/** What a search says of a row that it looked at; a list has nothing to say. */
export interface Looked {
  fits?: boolean;
  /** It is the last that the statement looked at. */
  isLast?: boolean;
}

/**
 * @param look reads the rows that fit after a place, so many at most, and the last that it looked at
 * @param after the place at which to begin
 * @param rounds statements at most
 */
export async function foundPage<Row extends Looked & Place, Place>(
  look: (limit: number, after: Place | undefined) => Promise<Row[]>,
  limit: number,
  after: Place | undefined,
  rounds = ROUNDS,
): Promise<FoundPage<Row, Place>> {
  const found: Row[] = [];
  let next = after;
  for (let round = 1; ; round++) {
    const wanted = limit - found.length;
    const looked = await look(wanted + 1, next);
    const taken = looked.slice(0, wanted);
    found.push(...taken.filter(({ fits }) => fits !== false));
    const last = taken.at(-1);
    next = looked.length > wanted || last?.isLast ? last : undefined;
    if (next === undefined || found.length === limit || round === rounds) return { found, next };
  }
}

/** SQL: whether a text has these words in it, in capitals or not. */
export const hasWords = (text: string, words: string, bind: Bind): string =>
  `strpos(lower(${text}), lower(${bind(words)})) > 0`;
