import { Injectable } from '@nestjs/common';
import {
  DeletionFigures,
  DeletionTallies,
  pointsOf,
  spansAt,
  Takedowns,
  type Point,
  type Span,
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

/** Reads a figure, unless it was read just before for the same limits. */
export type Remembered = <Figure extends object>(name: string, read: () => Promise<Figure>) => Promise<Figure>;

/** What the overview tells of deletions and takedowns. One question after the other, as it all is asked. */
@Injectable()
export class DeletionFacts {
  constructor(
    private readonly figures: DeletionFigures,
    private readonly tallies: DeletionTallies,
    private readonly takedowns: Takedowns,
  ) {}

  async of(scope: Scope, figure: Remembered) {
    return {
      ...(await this.tallies.lastSweep()),
      open: await figure('open', () => this.figures.open(scope)),
      series: await figure('series', () => this.series(scope)),
      conflicts: await figure('conflicts', () => this.figures.tokenConflicts(scope)),
      takedowns: await figure('takedowns', () => this.takedownsUnderWay(scope)),
    };
  }

  private async series(scope: Scope): Promise<Series> {
    const spans = spansAt(new Date());
    const points = async (span: Span) => pointsOf(span, await this.tallies.ended(scope, span));
    return { hour: await points(spans.hour), day: await points(spans.day), month: await points(spans.month) };
  }

  private async takedownsUnderWay(scope: Scope): Promise<TakedownUnderWay[]> {
    const found = await this.takedowns.list(scope, { isUnderWay: true, limit: TAKEDOWNS_SHOWN });
    const ended = await this.figures.endedInAMinute(found.map(({ id }) => id));
    const underWay: TakedownUnderWay[] = [];
    for (const takedown of found) {
      const progress = await this.takedowns.recentProgress(takedown);
      underWay.push({ takedown, progress, endedInAMinute: ended.get(takedown.id) ?? 0 });
    }
    return underWay;
  }
}
