import { Injectable } from '@nestjs/common';
import { DataSource, In, type EntityManager } from 'typeorm';
import { idAt, rows, statement, type Sql } from '@app/database';
import type { Scope } from '@app/scope';
import { LAST_ID, SENT_AGAIN } from './webhook-deliveries.js';
import { WebhookDelivery, type DeliveryState } from './webhook-delivery.entity.js';
import { isVisible } from './webhook-endpoints.js';

export interface DeliveryFilter {
  /** The one endpoint, as far as it is in scope. */
  endpointId?: string | undefined;
  /** Undefined: all. */
  states?: readonly DeliveryState[] | undefined;
  /** Undefined: all. */
  eventTypes?: readonly string[] | undefined;
  since?: Date | undefined;
  until?: Date | undefined;
}

interface Page {
  limit: number;
  /** The id after which the page starts. */
  after?: string | undefined;
}

/** Ids tell when a delivery was made, but those of tests, and of older versions, by the clock of a process of ours. */
const CLOCKS_APART_MS = 60_000;

const FIRST_ID = '00000000-0000-0000-0000-000000000000';

const ALL_STATES: readonly DeliveryState[] = ['pending', 'delivered', 'failed'];

/** What was sent to all endpoints that are in scope. */
@Injectable()
export class DeliveryLog {
  constructor(private readonly dataSource: DataSource) {}

  /** Newest first. */
  async list(scope: Scope, filter: DeliveryFilter, page: Page): Promise<WebhookDelivery[]> {
    const ids = await idsOf(this.dataSource, scope, filter, { ...page, order: 'DESC' });
    return this.dataSource.manager.find(WebhookDelivery, { where: { id: In(ids) }, order: { id: 'DESC' } });
  }

  /**
   * Sends a page of them again, oldest first, each under its own webhook-id and as often as a new one. What is pending
   * is on its way already, and to an endpoint that is disabled nothing is sent. Their jobs are made by the workers,
   * which look for what waits twice a second.
   * @returns how many, and the id after which the next page starts, if there is one
   */
  async resend(
    tx: EntityManager,
    scope: Scope,
    { states = ['failed'], ...filter }: DeliveryFilter,
    { limit, after }: Page,
  ): Promise<{ resent: number; next: string | undefined }> {
    const page = { limit: limit + 1, after, order: 'ASC', toEnabled: true } as const;
    const found = await idsOf(tx, scope, { ...filter, states }, page);
    const ids = found.slice(0, limit);
    const resent = await rows(
      tx,
      // Two requests at once take turns, and the second one finds that they are pending.
      `UPDATE webhook_deliveries SET ${SENT_AGAIN} WHERE id = ANY(ARRAY(
         SELECT id FROM webhook_deliveries WHERE id = ANY($1) AND state = ANY($2) ORDER BY id FOR UPDATE))
       RETURNING id`,
      [ids, states],
    );
    return { resent: resent.length, next: found.length > limit ? ids.at(-1) : undefined };
  }
}

/** A page of each endpoint, state and type is read along an index: the page is among them. */
async function idsOf(
  sql: Sql,
  { platforms, merchants }: Scope,
  { endpointId, states = ALL_STATES, eventTypes, ...filter }: DeliveryFilter,
  { limit, after, order, toEnabled = false }: Page & { order: 'ASC' | 'DESC'; toEnabled?: boolean },
): Promise<string[]> {
  const { parameters, bind } = statement(platforms, merchants, states);
  const { since, until } = filter;
  const [low, high] = span(filter, order === 'ASC' ? { from: after } : { to: after }).map((id) => `${bind(id)}::uuid`);
  // The columns of an index and where they stand in a row. The conditions say that they are equal, but so that no other
  // index has the order: by the ids alone, Postgres would walk past the deliveries of all endpoints.
  const [row, at] = eventTypes
    ? [
        ['d.event_type', 'd.state'],
        ['t.type', 's.state'],
      ]
    : [['d.state'], ['s.state']];
  const columns = [...row, 'd.id'];
  const where = [
    'd.endpoint_id = e.id',
    `(${columns.join(', ')}) > (${at.join(', ')}, ${low}) AND (${columns.join(', ')}) < (${at.join(', ')}, ${high})`,
    // This says nothing more, but by the two alone Postgres expects to walk a ninth of the table, and reads all of it instead. With
    // <= in its place, the walk would go on to the last of the state.
    `${row[0]} >= ${at[0]}`,
    since && `d.created_at >= ${bind(since)}`,
    until && `d.created_at < ${bind(until)}`,
  ].filter(Boolean);
  const inOrder = columns.map((column) => `${column} ${order}`).join(', ');
  const first = `LIMIT ${bind(limit)}`;
  const found = await rows<{ id: string }>(
    sql,
    `SELECT page.id FROM webhook_endpoints e CROSS JOIN unnest($3::text[]) AS s (state)
       ${eventTypes ? `CROSS JOIN unnest(${bind(eventTypes)}::text[]) AS t (type)` : ''}
       CROSS JOIN LATERAL (
         SELECT d.id FROM webhook_deliveries d WHERE ${where.join(' AND ')}
         ORDER BY ${inOrder} ${first}
       ) AS page
     WHERE ${isVisible('$1', '$2')} ${endpointId === undefined ? '' : `AND e.id = ${bind(endpointId)}`}
       ${toEnabled ? `AND e.state = 'enabled'` : ''}
     ORDER BY page.id ${order} ${first}`,
    parameters,
  );
  return found.map(({ id }) => id);
}

/** Between which ids they are: the narrower of a span of time and of what is left of the list. */
function span({ since, until }: DeliveryFilter, left: { from?: string | undefined; to?: string | undefined }) {
  const from = [FIRST_ID, left.from, since && idAt(since.getTime() - CLOCKS_APART_MS)];
  const to = [LAST_ID, left.to, until && idAt(until.getTime() + CLOCKS_APART_MS)];
  const sorted = [from, to].map((ids) => ids.flatMap((id) => id?.toLowerCase() ?? []).toSorted());
  return [sorted[0]?.at(-1), sorted[1]?.[0]] as const;
}
