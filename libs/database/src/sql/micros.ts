/**
 * SQL: a moment as the digits of its microseconds, for a cursor. A Date of JavaScript has milliseconds: the rows of one
 * statement share their moment, and a page that ends among them would lose the others. @param moment SQL
 */
export const microsOf = (moment: string): string => `(extract(epoch FROM ${moment}) * 1000000)::bigint::text`;

/** SQL: the moment again. @param micros SQL */
export const momentOf = (micros: string): string =>
  `(timestamptz 'epoch' + ${micros}::bigint * interval '1 microsecond')`;

/** Digits that microsOf may have given. */
export const MICROS = /-?\d{1,16}/;
