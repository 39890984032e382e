import { insertEvents } from '@app/events';

/**
 * SQL that appends events of deletions within the statement that changed them: it follows
 * `WITH ended AS (UPDATE deletions d … RETURNING d.*)`.
 * @param type SQL: the event type, unless it is the one of the deletion's state
 */
export const tellOf = (ended: string, type = `'deletion.' || d.state`) =>
  insertEvents(
    {
      type,
      platformId: 'm.platform_id',
      componentAppid: 'pl.component_appid',
      merchantId: 'd.merchant_id',
      authorizerAppid: 'm.authorizer_appid',
      deletionId: 'd.id',
      takedownId: 'd.takedown_id',
      requestedBy: 'd.requested_by',
      data: `jsonb_build_object(
        'merchant', m.authorizer_appid, 'component_appid', pl.component_appid,
        'msg_id', d.msg_id::text, 'article_idx', d.article_idx, 'url', d.url,
        'outcome_code', d.outcome_code, 'errcode', d.outcome_errcode, 'proof', d.proof, 'attempts', d.attempts,
        'metadata', d.metadata)`,
    },
    `${ended} d JOIN merchants m ON m.id = d.merchant_id JOIN platforms pl ON pl.id = m.platform_id`,
  );
