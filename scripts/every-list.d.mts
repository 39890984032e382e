import type { Client } from 'pg';

type Named = Record<'merchant' | 'ref' | 'platform' | 'takedown' | 'deletion' | 'endpoint' | 'key', string>;

export interface Names {
  rare: Named;
  common: Named;
  middle: string;
  later: string;
}

export function namesIn(client: Pick<Client, 'query'>): Promise<Names>;
export function everyList(names: Names, reasons: readonly string[]): Record<string, string[]>;
