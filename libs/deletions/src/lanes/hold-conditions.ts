import { recordset, rows, statement, type Sql } from '@app/database';
import { IS_USABLE_TOKEN } from '@app/merchants';

/** SQL: the hold `h` of the platform of a merchant `m`, if it is held. */
export const WITH_HOLD = `LEFT JOIN platform_holds h ON h.platform_id = m.platform_id`;
/** SQL over `merchants m`: its platform is held. */
export const IS_PLATFORM_HELD = `EXISTS (SELECT 1 FROM platform_holds h WHERE h.platform_id = m.platform_id)`;

/**
 * SQL over a hold `h` and `access_tokens t`: a call for the merchant would meet what the hold is about. A hold for want
 * of tokens does not concern a merchant who has one.
 */
export const SHOWS_THE_HOLD = `NOT (h.is_of_mint AND ${IS_USABLE_TOKEN} IS TRUE)`;
/** SQL over `h`, the empty side of an outer join where nothing is held, and `t`: a hold concerns the merchant. */
const IS_CONCERNED = `(h.platform_id IS NOT NULL AND ${SHOWS_THE_HOLD})`;

/** SQL over `h` and a lane's merchant `m`: one deletion may leave the lane, as the probe. */
export const IS_PROBE_LANE = `(h.probe_merchant_id IS NOT DISTINCT FROM m.id AND h.probe_deletion_id IS NULL)`;
/** SQL over `h`, `t` and a lane's merchant `m`: nothing may leave the lane, because each call would fail. */
export const IS_LANE_HELD = `(${IS_CONCERNED} AND NOT ${IS_PROBE_LANE})`;
/** SQL over `h` and a dispatched deletion `d`: it is the probe, which shows whether the platform works again. */
export const IS_PROBE = `(h.probe_deletion_id IS NOT DISTINCT FROM d.id)`;
/** SQL over `h`, `t` and a dispatched deletion `d`: no call may be made for it. */
export const IS_HELD = `(${IS_CONCERNED} AND h.probe_deletion_id IS DISTINCT FROM d.id)`;

/** SQL over `platforms pl`: when something was last mended that a hold may be about. @param reason SQL: the hold's */
export const mendedAt = (reason: string) =>
  `GREATEST(pl.updated_at, CASE WHEN ${reason} IN ('ticket_missing', 'ticket_invalid') THEN pl.ticket_received_at END)`;
const MENDED_AT = mendedAt('h.reason');
/** SQL over a hold `h` and its platform `pl`: when the next probe is sent. A mend during the pause ends the pause. */
export const PROBE_AT = `CASE WHEN h.probe_merchant_id IS NULL AND ${MENDED_AT} > h.mended_at
  THEN LEAST(h.probe_at, ${MENDED_AT}) ELSE h.probe_at END`;

/** @param sent the deletions that left their lanes as probes, one of each platform that is held */
export async function noteProbes(tx: Sql, sent: { id: string; merchantId: string }[]): Promise<void> {
  const { parameters, bind } = statement();
  await rows(
    tx,
    `UPDATE platform_holds h SET probe_deletion_id = sent.id
     FROM ${recordset(bind, 'sent', sent, { id: 'uuid', merchantId: 'uuid' })}
     WHERE h.probe_merchant_id = sent.merchant_id`,
    parameters,
  );
}
