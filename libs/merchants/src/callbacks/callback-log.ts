import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, Repository } from 'typeorm';
import { binderOf } from '@app/database';
import { inScope, isEverything, type Scope } from '@app/scope';
import { CallbackEvent } from './callback-event.entity.js';
import { CallbackForward } from './callback-forward.entity.js';
import { PlatformRow } from '../platforms/platform.entity.js';
import { onPlatformsOf } from '../platforms/platforms-in-scope.js';

export interface CallbackFilter {
  platformId?: string | undefined;
  kind?: string | undefined;
  state?: CallbackEvent['state'] | undefined;
  limit: number;
  /** Newest first: the id after which the page starts. */
  after?: string | undefined;
}

export interface RecordedCallback {
  id: string;
  event: CallbackEvent;
  forwards: CallbackForward[];
}

/** What WeChat pushed and what became of it. */
@Injectable()
export class CallbackLog {
  constructor(
    @InjectRepository(CallbackEvent) private readonly events: Repository<CallbackEvent>,
    @InjectRepository(CallbackForward) private readonly forwards: Repository<CallbackForward>,
  ) {}

  /** Of pushes that are about no merchant, such as tickets, a scope that is limited to merchants has none. */
  async list(scope: Scope, { platformId, kind, state, limit, after }: CallbackFilter): Promise<RecordedCallback[]> {
    const query = this.events.createQueryBuilder('event').orderBy('event.id', 'DESC');
    if (!isEverything(scope)) {
      query.innerJoin(PlatformRow, 'platform', 'platform.id = event.platformId');
      query.where(inScope(scope, { merchant: 'event', platform: 'platform' }, binderOf(query)));
      query.andWhere(await onPlatformsOf(scope, 'event.platformId', binderOf(query), this.events.manager));
    }
    if (platformId) query.andWhere('event.platformId = :platformId', { platformId });
    if (kind) query.andWhere('event.kind = :kind', { kind });
    if (state) query.andWhere('event.state = :state', { state });
    if (after) query.andWhere('event.id < :after', { after });
    const events = await query.limit(limit).getMany();
    const eventId = In(events.map(({ id }) => id));
    const forwards = await this.forwards.find({ where: { eventId }, order: { id: 'ASC' } });
    return events.map((event) => ({
      id: event.id,
      event,
      forwards: forwards.filter((forward) => forward.eventId === event.id),
    }));
  }
}
