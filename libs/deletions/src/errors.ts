/** Base of what this lib throws. `code` is stable. */
export class DeletionsError extends Error {
  constructor(
    readonly code: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

export type TargetRefusal =
  | 'target_missing'
  | 'msg_id_invalid'
  | 'msg_id_unsafe_number'
  | 'article_idx_needs_msg_id'
  | 'whole_message_not_confirmed'
  | 'whole_message_contradicts_article_idx'
  | 'whole_message_needs_msg_id'
  | 'url_not_an_article'
  | 'url_not_resolved'
  | 'url_ambiguous'
  | 'url_of_another_merchant'
  | 'message_not_sent'
  | 'article_not_in_message';

/** The request does not say clearly what to delete. Nothing is guessed, because a deletion cannot be undone. */
export class TargetRefused extends DeletionsError {
  declare readonly code: TargetRefusal;
  constructor(code: TargetRefusal, message: string) {
    super(code, message);
  }
}

/** Another send of the same merchant. */
export interface SharedArticle {
  /** Decimal digits. */
  msgId: string;
  articleIdx: number;
}

/** Other sends would lose their page, too, and the request says that it is then rather not to be. */
export class SharedMaterial extends DeletionsError {
  constructor(readonly sends: SharedArticle[]) {
    super('shared_material', `Other sends share the material and would be gone, too: ${namesOf(sends)}.`);
  }
}

const NAMED = 10;

/** The first of them. */
export function namesOf(sends: SharedArticle[]): string {
  const names = sends.slice(0, NAMED).map(({ msgId, articleIdx }) => `${msgId}/${articleIdx}`);
  return names.join(', ') + (sends.length > NAMED ? ' and more' : '');
}

/** WeChat would refuse every deletion of this merchant as things stand. */
export class MerchantNotEligible extends DeletionsError {
  constructor(
    authorizerAppid: string,
    readonly reasons: string[],
  ) {
    super('merchant_not_eligible', `Merchant ${authorizerAppid} cannot have messages deleted: ${reasons.join(', ')}.`);
  }
}

/** So many are open already. Its limits keep one who asks from heaping up work for others, who have their own. */
export class PendingTooMany extends DeletionsError {
  constructor(
    readonly ceiling: 'merchant' | 'key' | 'tenant',
    readonly limit: number,
  ) {
    super(
      'pending_too_many',
      `${OPEN_ALREADY[ceiling]}: there are ${limit} open already, which is as many as there may be.`,
    );
  }
}

const OPEN_ALREADY = {
  merchant: 'Of the deletions of this merchant that the key or its tenant has asked for',
  key: 'Of the deletions that the key has asked for',
  tenant: 'Of the deletions that the keys of the tenant have asked for',
};

/** It would wait in its lane for longer than anybody may have meant. */
export class EtaTooLate extends DeletionsError {
  constructor(
    readonly eta: Date,
    readonly latest: Date,
    days: number,
  ) {
    super(
      'eta_too_late',
      `It would leave its lane at ${eta.toISOString()}, more than ${days} days after it is wanted: say allow_late if it may.`,
    );
  }
}

export class DeletionNotFound extends DeletionsError {
  constructor(id: string) {
    super('deletion_not_found', `There is no deletion ${id}.`);
  }
}

/** WeChat lets an account's counters be cleared ten times a month. */
export class QuotaClearsSpent extends DeletionsError {
  constructor(authorizerAppid: string, options?: ErrorOptions) {
    super('quota_clears_spent', `The quota of ${authorizerAppid} cannot be cleared again this month.`, options);
  }
}

/** Too late to cancel, or too early to retry. */
export class DeletionStateConflict extends DeletionsError {
  constructor(id: string, state: string, wanted: 'cancelled' | 'retried') {
    super('deletion_state_conflict', `Deletion ${id} is ${state} and cannot be ${wanted} any more.`);
  }
}

/** A key with limits undoes nothing that was asked for beyond them: it may be in a merchant's hands, and the wish the provider's. */
export class NotYours extends DeletionsError {
  constructor(id: string, wanted: 'cancelled' | 'retried') {
    super('not_yours', `Deletion ${id} was asked for beyond the limits of this key, and cannot be ${wanted} with it.`);
  }
}

/** A key with limits lowers a merchant's limits, and only those that no key without limits has set. */
export class LimitsNotYours extends DeletionsError {
  constructor(message: string) {
    super('limits_not_yours', message);
  }
}

export class TakedownNotFound extends DeletionsError {
  constructor(id: string) {
    super('takedown_not_found', `There is no takedown ${id}.`);
  }
}

/** Too late to cancel. */
export class TakedownStateConflict extends DeletionsError {
  constructor(id: string, state: string) {
    super('takedown_state_conflict', `Takedown ${id} is ${state} and cannot be cancelled any more.`);
  }
}

/** It was cancelled, or given up as silent, while its items were still coming in. Nothing of it runs. */
export class TakedownBrokenOff extends DeletionsError {
  constructor(id: string) {
    super('takedown_broken_off', `Takedown ${id} was closed before all of it had arrived.`);
  }
}

/** Not one of the items could be accepted, so there is no takedown. */
export class NothingAccepted extends DeletionsError {
  constructor(readonly rejections: { line: number; code: string; detail: string }[]) {
    super('nothing_accepted', 'None of the items can be carried out: nothing was changed.');
  }
}

/** An export of it might not be whole: what ends in it may not all be written down yet. */
export class PeriodNotOver extends DeletionsError {
  /** @param settledUntil up to which a period may reach now */
  constructor(readonly settledUntil: Date) {
    super(
      'period_not_over',
      `What has ended since ${settledUntil.toISOString()} may not all be written down yet: a period may end then, and not later.`,
    );
  }
}

export class ProofKeyUnknown extends DeletionsError {
  constructor(kid: string) {
    super('proof_key_unknown', `There is no proof key ${kid}.`);
  }
}
