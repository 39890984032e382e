import { rows, type Sql } from '@app/database';
import { IS_USABLE_TOKEN } from '@app/merchants';

/** SQL: the hold `h` of the platform of a merchant `m`, if it is held. */
export const WITH_HOLD = `LEFT JOIN platform_holds h ON h.platform_id = m.platform_id`;
/** SQL over `merchants m`: its platform is held. */
export const IS_PLATFORM_HELD = `EXISTS (SELECT 1 FROM platform_holds h WHERE h.platform_id = m.platform_id)`;

/** SQL over a hold `h` and `access_tokens t`: there is one, and not only for those who need a new token. */
const IS_CONCERNED = `(h.platform_id IS NOT NULL AND NOT (h.is_of_mint AND ${IS_USABLE_TOKEN} IS TRUE))`;

/** SQL over a hold `h`, a lane's merchant `m` and its token `t`: one deletion may leave the lane, as the probe. */
export const IS_PROBE_LANE = `(h.probe_merchant_id IS NOT DISTINCT FROM m.id AND h.probe_deletion_id IS NULL)`;
/** SQL over the same: nothing may leave the lane, because each call would fail. */
export const IS_LANE_HELD = `(${IS_CONCERNED} AND NOT ${IS_PROBE_LANE})`;
/** SQL over a hold `h` and a dispatched deletion `d`: the one that shows whether the platform works again. */
export const IS_PROBE = `(h.probe_deletion_id IS NOT DISTINCT FROM d.id)`;
/** SQL over the same and the token `t`: no call may be made for it. */
export const IS_HELD = `(${IS_CONCERNED} AND h.probe_deletion_id IS DISTINCT FROM d.id)`;
/** SQL over the same: its merchant may be the probe, for its call would show what the hold is about. */
export const SHOWS_THE_HOLD = `NOT (h.is_of_mint AND ${IS_USABLE_TOKEN} IS TRUE)`;

/** SQL over `platforms pl`: when something was last mended that a hold may be about. @param reason SQL: of the hold */
export const mendedAt = (reason: string) =>
  `GREATEST(pl.updated_at, CASE WHEN ${reason} IN ('ticket_missing', 'ticket_invalid') THEN pl.ticket_received_at END)`;
const MENDED_AT = mendedAt('h.reason');
/** SQL over a hold `h` and its platform `pl`: when the next probe is sent. What is mended meanwhile need not wait for the end of the pause. */
export const PROBE_AT = `CASE WHEN h.probe_merchant_id IS NULL AND ${MENDED_AT} > h.mended_at THEN LEAST(h.probe_at, ${MENDED_AT}) ELSE h.probe_at END`;

/** Of each platform that is held, the deletion that left its lane as the probe. */
export async function noteProbes(tx: Sql, sent: { id: string; merchantId: string }[]): Promise<void> {
  await rows(
    tx,
    `UPDATE platform_holds h SET probe_deletion_id = sent.id
     FROM unnest($1::uuid[], $2::uuid[]) AS sent (id, merchant_id) WHERE h.probe_merchant_id = sent.merchant_id`,
    [sent.map(({ id }) => id), sent.map(({ merchantId }) => merchantId)],
  );
}
