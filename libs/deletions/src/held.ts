import { rows, type Sql } from '@app/database';
import { IS_USABLE_TOKEN } from '@app/merchants';

/** SQL over `platforms pl` and `access_tokens t`: held, and not only for those who need a new token. */
const IS_CONCERNED = `(pl.held_since IS NOT NULL AND NOT (pl.held_by_mint AND ${IS_USABLE_TOKEN} IS TRUE))`;

/** SQL over `platforms pl`, a lane's merchant `m` and its token `t`: one deletion may leave the lane, as the probe. */
export const IS_PROBE_LANE = `(pl.held_since IS NOT NULL AND pl.probe_merchant_id IS NOT DISTINCT FROM m.id AND pl.probe_deletion_id IS NULL)`;
/** SQL over the same: nothing may leave the lane, because each call would fail. */
export const IS_LANE_HELD = `(${IS_CONCERNED} AND NOT ${IS_PROBE_LANE})`;
/** SQL over `platforms pl` and a dispatched deletion `d`: the one that shows whether the platform works again. */
export const IS_PROBE = `(pl.held_since IS NOT NULL AND pl.probe_deletion_id IS NOT DISTINCT FROM d.id)`;
/** SQL over the same and the token `t`: no call may be made for it. */
export const IS_HELD = `(${IS_CONCERNED} AND pl.probe_deletion_id IS DISTINCT FROM d.id)`;
/** SQL over the same: its merchant may be the probe, for its call would show what the hold is about. */
export const SHOWS_THE_HOLD = `NOT (pl.held_by_mint AND ${IS_USABLE_TOKEN} IS TRUE)`;

/** Of each platform that is held, the deletion that left its lane as the probe. */
export async function noteProbes(tx: Sql, sent: { id: string; merchantId: string }[]): Promise<void> {
  await rows(
    tx,
    `UPDATE platforms pl SET probe_deletion_id = sent.id
     FROM unnest($1::uuid[], $2::uuid[]) AS sent (id, merchant_id) WHERE pl.probe_merchant_id = sent.merchant_id`,
    [sent.map(({ id }) => id), sent.map(({ merchantId }) => merchantId)],
  );
}
