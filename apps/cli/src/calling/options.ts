import { InvalidArgumentError } from 'commander';

/** Options as commander reads them: what is no such value is an error of usage. */
export function asCount(text: string): number {
  const n = Number(text);
  if (!/^\d{1,9}$/.test(text) || n < 1) throw new InvalidArgumentError('must be a number from 1 on.');
  return n;
}

export function asSeconds(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('must be a number of seconds.');
  return Number(text);
}

/** What both deletions and takedowns are given. */
export interface Wish {
  reason?: string;
  urgent?: boolean;
  again?: boolean;
  tryAnyway?: boolean;
  allowLate?: boolean;
}

export const wished = ({ reason, urgent }: Wish) => ({
  ...(reason !== undefined && { reason }),
  ...(urgent && { priority: 'urgent' as const }),
});

/** In a body. */
export const insisting = ({ again, tryAnyway, allowLate }: Wish) => ({
  ...(again && { again: true }),
  ...(tryAnyway && { try_anyway: true }),
  ...(allowLate && { allow_late: true }),
});

/** In a query. */
export const insistingInQuery = ({ again, tryAnyway, allowLate }: Wish) => ({
  ...(again && { again: 'true' }),
  ...(tryAnyway && { try_anyway: 'true' }),
  ...(allowLate && { allow_late: 'true' }),
});

/** A query as it stands in an address, where all is text. */
export const inAddress = <Query>(fields: object): Query => fields as Query;
