import type { Sql } from '@app/database';

/** SQL over `platforms pl` and a lane's merchant `m`: nothing may leave the lane, because each call would fail. */
export const IS_LANE_HELD = `(pl.held_since IS NOT NULL AND (pl.probe_merchant_id IS DISTINCT FROM m.id OR pl.probe_deletion_id IS NOT NULL))`;
/** SQL over `platforms pl` and a dispatched deletion `d`: the one that shows whether the platform works again. */
export const IS_PROBE = `(pl.held_since IS NOT NULL AND pl.probe_deletion_id IS NOT DISTINCT FROM d.id)`;
/** SQL over the same: no call may be made for it. */
export const IS_HELD = `(pl.held_since IS NOT NULL AND pl.probe_deletion_id IS DISTINCT FROM d.id)`;

/** Of each platform that is held, the deletion that left its lane as the probe. */
export async function noteProbes(tx: Sql, sent: { id: string; merchantId: string }[]): Promise<void> {
  await tx.query(
    `UPDATE platforms pl SET probe_deletion_id = sent.id
     FROM unnest($1::uuid[], $2::uuid[]) AS sent (id, merchant_id) WHERE pl.probe_merchant_id = sent.merchant_id`,
    [sent.map(({ id }) => id), sent.map(({ merchantId }) => merchantId)],
  );
}
