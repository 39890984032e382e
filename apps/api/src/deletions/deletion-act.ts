import type { Act } from '@app/access';
import type { DeletionView } from '@app/deletions';

type Subject = Pick<DeletionView, 'id' | 'msgId' | 'articleIdx' | 'url' | 'isUrgent' | 'tryAnyway'> &
  Partial<Pick<DeletionView, 'componentAppid' | 'authorizerAppid'>>;

/** What the audit log says of it. */
export function actOn(deletion: Subject, action: Act['action']): Act {
  const { id, componentAppid, authorizerAppid, msgId, articleIdx, url, isUrgent, tryAnyway } = deletion;
  const data = {
    msg_id: msgId,
    article_idx: articleIdx,
    url,
    urgent: isUrgent,
    ...(tryAnyway && { try_anyway: true }),
  };
  return { action, subjectType: 'deletion', subjectId: id, tenant: { componentAppid, authorizerAppid }, data };
}
