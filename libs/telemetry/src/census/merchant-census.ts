import { Injectable, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { rows } from '@app/database';
import { DeletionFigures } from '@app/deletions';
import { Merchants, Platforms } from '@app/merchants';
import type { Scope } from '@app/scope';
import { added, NOBODY, onPlatforms, revived, type Census } from './census.js';

/** Merchants that one step counts: some milliseconds. Where there are no more, each look counts them all. */
const AT_A_TIME = 2_000;
/** All workers together make so many in each sweep: 200,000 merchants are counted within three minutes. */
const STEPS_A_SWEEP = 10;
const SWEEP_S = 10;
/** Older than that it is told to nobody: whoever asks then counts all. */
const KEPT_S = 15 * 60;

interface State {
  steps: string;
  steppedAgoS: number;
  after: string;
  soFar: Census;
  taken: Census | null;
  takenAgoS: number;
}

/**
 * How many merchants there are, of which kinds: it takes all of them to be read. So they are counted some at a time, in
 * the order of their appids, by whoever asks and by the sweep of workers, and what the last census came to is told
 * meanwhile. Each begins anew, so nothing that was missed is missed for long.
 */
@Injectable()
export class MerchantCensus {
  private readonly logger = new Logger(MerchantCensus.name);

  constructor(
    private readonly dataSource: DataSource,
    private readonly merchants: Merchants,
    private readonly platforms: Platforms,
    private readonly figures: DeletionFigures,
  ) {}

  /** Those of a key that is limited to merchants are few, and are counted on the spot. */
  async read(scope: Scope): Promise<Census> {
    if (scope.merchants) return this.take(scope);
    const taken = await this.latest();
    if (!scope.platforms) return taken;
    const platforms = await this.platforms.list(scope);
    return onPlatforms(taken, new Set(platforms.map(({ id }) => id)));
  }

  /** Goes on with it, unless another worker has just done so. */
  async advance(): Promise<void> {
    let state = await this.load();
    if (state.steppedAgoS < SWEEP_S) return;
    for (let step = 0; step < STEPS_A_SWEEP; step++) {
      state = await this.step(state);
      if (state.after === '') return;
    }
  }

  private async latest(): Promise<Census> {
    let state = await this.load();
    do state = await this.step(state);
    while (state.taken === null || state.takenAgoS > KEPT_S);
    return state.taken;
  }

  private async step(state: State): Promise<State> {
    const { after } = state;
    const until = await this.merchants.appidBeyond(after, AT_A_TIME);
    const soFar = added(state.soFar, await this.take({ after, until }));
    const next: State =
      until === null
        ? { ...state, after: '', soFar: NOBODY, taken: soFar, takenAgoS: 0 }
        : { ...state, after: until, soFar };
    try {
      return (await this.keep(next, until === null)) ?? (await this.load());
    } catch (error) {
      // A database that takes no writes can still be counted, by each for itself.
      this.logger.warn('a step of the census could not be kept', { error });
      return next;
    }
  }

  private async take(of: Parameters<Merchants['counts']>[0]): Promise<Census> {
    return { merchants: await this.merchants.counts(of), quotas: await this.figures.quotas(of) };
  }

  private async load(): Promise<State> {
    const [state] = await rows<State>(
      this.dataSource,
      `SELECT steps, extract(epoch FROM now() - stepped_at)::float8 AS "steppedAgoS", after, so_far AS "soFar", taken,
         extract(epoch FROM now() - taken_at)::float8 AS "takenAgoS"
       FROM merchant_census`,
    );
    if (!state) throw new Error('The census has lost its row.');
    return { ...state, soFar: revived(state.soFar), taken: state.taken && revived(state.taken) };
  }

  /** @returns undefined where another process has kept this step before */
  private async keep(state: State, isTaken: boolean): Promise<State | undefined> {
    const kept = await rows<{ steps: string }>(
      this.dataSource,
      `UPDATE merchant_census SET steps = steps + 1, stepped_at = now(), after = $2, so_far = $3,
         taken = COALESCE($4, taken), taken_at = CASE WHEN $4::jsonb IS NULL THEN taken_at ELSE now() END
       WHERE steps = $1 RETURNING steps`,
      [state.steps, state.after, JSON.stringify(state.soFar), isTaken ? JSON.stringify(state.taken) : null],
    );
    return kept[0] && { ...state, steps: kept[0].steps };
  }
}
