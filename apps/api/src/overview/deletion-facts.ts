import { Injectable } from '@nestjs/common';
import {
  DeletionFigures,
  DeletionTallies,
  PlatformHolds,
  pointsOf,
  spansAt,
  Takedowns,
  type Point,
  type SpanName,
  type TakedownProgress,
  type TakedownView,
} from '@app/deletions';
import type { Scope } from '@app/scope';

const TAKEDOWNS_SHOWN = 10;

export interface TakedownUnderWay {
  takedown: TakedownView;
  progress: TakedownProgress;
  /** Deletions of it that ended in the last minute. */
  endedInAMinute: number;
}

export type Series = Record<SpanName, Point[]>;

/** What the overview tells of deletions and takedowns. */
@Injectable()
export class DeletionFacts {
  constructor(
    readonly figures: DeletionFigures,
    readonly tallies: DeletionTallies,
    readonly holds: PlatformHolds,
    private readonly takedowns: Takedowns,
  ) {}

  async series(scope: Scope): Promise<Series> {
    const spans = spansAt(new Date());
    const [hour, day, month] = await Promise.all(
      [spans.hour, spans.day, spans.month].map(async (span) => pointsOf(span, await this.tallies.ended(scope, span))),
    );
    return { hour: hour ?? [], day: day ?? [], month: month ?? [] };
  }

  async takedownsUnderWay(scope: Scope): Promise<TakedownUnderWay[]> {
    const found = await this.takedowns.list(scope, { isUnderWay: true, limit: TAKEDOWNS_SHOWN });
    const ended = await this.figures.endedInAMinute(found.map(({ id }) => id));
    return Promise.all(
      found.map(async (takedown) => ({
        takedown,
        progress: await this.takedowns.progress(takedown),
        endedInAMinute: ended.get(takedown.id) ?? 0,
      })),
    );
  }
}
