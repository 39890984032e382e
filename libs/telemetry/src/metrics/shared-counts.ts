import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';

/** Numbers by their names: a process of another release passes over those that it does not know. */
export type Counts = Record<string, number>;

/** A figure is not told once so many of its turns were missed. */
const TURNS_KEPT = 10;

/**
 * Counts over all merchants, lanes or webhooks. A process that wants one which is due counts it, and the others take
 * what it found: however many processes are scraped, the database counts once.
 */
@Injectable()
export class SharedCounts {
  private readonly logger = new Logger(SharedCounts.name);

  constructor(private readonly dataSource: DataSource) {}

  /** @returns undefined where it is not known, or nobody could count it for long */
  async of(name: string, everyS: number, count: () => Promise<Counts>): Promise<Counts | undefined> {
    const [kept] = await rows<{ value: Counts | null; isDue: boolean; isKept: boolean }>(
      this.dataSource,
      `SELECT value, claimed_at <= now() - $2 * interval '1 s' AS "isDue",
         COALESCE(counted_at > now() - $2 * ${TURNS_KEPT} * interval '1 s', false) AS "isKept"
       FROM shared_figures WHERE name = $1`,
      [name, everyS],
    );
    try {
      if ((kept?.isDue ?? true) && (await this.claim(name, everyS))) return await this.keep(name, await count());
    } catch (error) {
      // A database that takes no writes, or takes too long, still has what was counted before.
      this.logger.warn('a shared figure could not be counted', { figure: name, error });
    }
    return kept?.isKept ? (kept.value ?? undefined) : undefined;
  }

  /** Of many that find it due, one gets it. Whatever becomes of that one, the next turn is another's. */
  private async claim(name: string, everyS: number): Promise<boolean> {
    const claimed = await rows(
      this.dataSource,
      `INSERT INTO shared_figures AS f (name, claimed_at) VALUES ($1, now())
       ON CONFLICT (name) DO UPDATE SET claimed_at = now() WHERE f.claimed_at <= now() - $2 * interval '1 s'
       RETURNING name`,
      [name, everyS],
    );
    return claimed.length > 0;
  }

  private async keep(name: string, value: Counts): Promise<Counts> {
    await this.dataSource.query(`UPDATE shared_figures SET value = $2, counted_at = now() WHERE name = $1`, [
      name,
      JSON.stringify(value),
    ]);
    return value;
  }
}
