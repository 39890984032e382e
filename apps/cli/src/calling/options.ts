import { InvalidArgumentError, Option } from 'commander';

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

/** A day begins at its midnight in Shanghai, as it does for quotas. What else is a moment, the service says. */
export function asMoment(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${text}T00:00:00+08:00`;
  if (Number.isNaN(Date.parse(text)) || !/T.+(Z|[+-]\d{2}:?\d{2})$/i.test(text)) {
    throw new InvalidArgumentError(
      'must be a day, such as 2026-10-01, or a time with its offset: 2026-10-01T00:00:00+08:00.',
    );
  }
  return text;
}

/** Of both deletions and takedowns. */
export const ifSharedOption = () =>
  new Option('--if-shared <what>', 'where other sends would lose their pages, too').choices(['warn', 'refuse']);

/** What both deletions and takedowns are given. */
export interface Wish {
  reason?: string;
  urgent?: boolean;
  again?: boolean;
  tryAnyway?: boolean;
  allowLate?: boolean;
  ifShared?: 'warn' | 'refuse';
  platform?: string;
}

export const wished = ({ reason, urgent, ifShared }: Wish) => ({
  ...(reason !== undefined && { reason }),
  ...(ifShared !== undefined && { if_shared: ifShared }),
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
