import { newRequestId } from '@app/logging';
import type { JobQueues } from '@app/queue';

/** The jobs that are about one merchant. */
export type Errand =
  'authorizer.refresh-token' | 'merchant.read-facts' | 'merchant.read-awaited-facts' | 'merchant.read-quota';

/** Adds a job for each merchant. Several kinds share a queue, which takes one job of an id, so the name is part of it. */
export function addErrands(queues: JobQueues, name: Errand, merchantIds: readonly string[]): Promise<void> {
  const items = merchantIds.map((id) => ({
    jobId: `${name}-${id}`,
    data: { merchant_id: id, request_id: newRequestId() },
  }));
  return queues.addBulk(name, items);
}
