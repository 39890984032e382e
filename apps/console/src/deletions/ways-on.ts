import type { CreateDeletion, Deletion, Merchant } from '@app/client';

type Reason = Merchant['ineligible_reasons'][number];

/** Where our facts may lag behind WeChat's, it can be asked all the same. */
const TRIED_ANYWAY: readonly Reason[] = ['not_verified', 'account_frozen', 'permission_set_7_not_granted'];

/** What an operator can do with a deletion now. */
export type WayOn =
  | 'cancel'
  | 'retry'
  /** The merchant cannot be served as far as is known, and WeChat can be asked all the same. */
  | 'try_anyway'
  /** Nothing, until the merchant's admin has acted. */
  | 'not_eligible'
  /** It was asked for beyond the limits of the key that looks. */
  | 'not_yours';

/** @param merchant undefined until it is read, or where it is not known */
export function wayOn(
  { state, hidden }: Deletion,
  merchant: Pick<Merchant, 'ineligible_reasons'> | undefined,
): WayOn | undefined {
  const isOpen = state === 'scheduled' || state === 'queued' || state === 'waiting';
  if (!isOpen && state !== 'failed') return undefined;
  if (hidden) return 'not_yours';
  if (isOpen) return 'cancel';
  const reasons = merchant?.ineligible_reasons ?? [];
  if (reasons.length === 0) return 'retry';
  return reasons.every((reason) => TRIED_ANYWAY.includes(reason)) ? 'try_anyway' : 'not_eligible';
}

/** The same wish once more, with WeChat asked whatever is known of the merchant. */
export function askAnyway(deletion: Deletion): CreateDeletion {
  const { merchant, component_appid, msg_id, article_idx, whole_message, url, priority, reason, metadata } = deletion;
  const target =
    msg_id === null
      ? { ...(url !== null && { url }) }
      : { msg_id, ...(whole_message ? { whole_message } : article_idx !== null && { article_idx }) };
  return {
    merchant,
    component_appid,
    ...target,
    try_anyway: true,
    priority,
    ...(reason !== null && { reason }),
    ...(metadata !== null && { metadata }),
  };
}
