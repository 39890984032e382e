import { wasSent, type FoundArticle, type MerchantCard } from '@app/merchants';
import type { AddressFacts } from './address-facts.js';
import type { Target } from './target.js';

/** Why an address names nothing that could be deleted. `code` is stable. */
export interface UrlRefusal {
  code: 'url_not_resolved' | 'url_ambiguous' | 'url_of_another_merchant' | 'message_not_sent';
  detail: string;
}

/**
 * Whose article stands at an address. A long one names its account, and where we know whose name that is nothing else counts:
 * what others have in the inventory under this address got there by mistake. Whoever deletes for the wrong one cannot undo it,
 * so between several accounts nothing is guessed.
 * @param mayReach whether the caller may know of a merchant and act for it
 */
export function merchantAt(
  { biz, holders, owners }: AddressFacts,
  mayReach: (card: MerchantCard) => boolean,
): MerchantCard | UrlRefusal {
  const accounts = new Set(owners.map(({ authorizerAppid }) => authorizerAppid));
  const believed = holders.filter(
    (holder) => biz === undefined || (accounts.size > 0 ? accounts.has(holder.authorizerAppid) : holder.biz === null),
  );
  const candidates = [...believed, ...owners];
  const reached = candidates.filter(mayReach);
  const [first] = reached;
  if (!first) return notResolved(biz === undefined);
  if (candidates.some(({ authorizerAppid }) => authorizerAppid !== first.authorizerAppid)) return ambiguous(reached);
  return reached.find(({ ineligibleReasons }) => ineligibleReasons.length === 0) ?? first;
}

/** What to delete of a merchant whose article is meant by its address. `again` insists although it is known not to have gone out. */
export function targetAt(
  url: string,
  merchant: MerchantCard,
  { biz, sends, holders, owners }: AddressFacts,
  { again = false }: { again?: boolean | undefined } = {},
): Target | UrlRefusal {
  const isOwners = owners.some(({ authorizerAppid }) => authorizerAppid === merchant.authorizerAppid);
  if (!isOwners && (owners.length > 0 || (biz !== undefined && merchant.biz !== null && merchant.biz !== biz))) {
    return ofAnother(merchant.authorizerAppid);
  }
  // An account's messages are the same over whichever platform.
  const same = holders.filter(({ authorizerAppid }) => authorizerAppid === merchant.authorizerAppid);
  const own = sends.filter(({ merchantId }) => merchantId === merchant.id || same.some(({ id }) => id === merchantId));
  const newest = newestOf(own.filter(({ status }) => wasSent(status))) ?? (again ? newestOf(own) : undefined);
  if (newest) return { msgId: BigInt(newest.msgId), articleIdx: newest.articleIdx };
  const unsent = newestOf(own);
  // By its address it would be as little there, and the call would be spent.
  return unsent ? { code: 'message_not_sent', detail: `WeChat said of it: ${unsent.status}` } : { url };
}

/** Sends that share an article share its page: the newest stands for all. */
function newestOf(sends: FoundArticle[]): FoundArticle | undefined {
  return sends.reduce<FoundArticle | undefined>(
    (best, one) => (best && BigInt(best.msgId) > BigInt(one.msgId) ? best : one),
    undefined,
  );
}

const notResolved = (isShort: boolean): UrlRefusal => ({
  code: 'url_not_resolved',
  detail: isShort
    ? 'The inventory does not have this short link, which tells nothing by itself: name the merchant in items, or open the link in a browser and paste the long address that shows there, or import the message.'
    : 'Neither the inventory nor the address itself tells which merchant this article is of: name the merchant in items, or import the message.',
});

function ambiguous(cards: MerchantCard[]): UrlRefusal {
  const names = [...new Set(cards.map(({ authorizerAppid }) => authorizerAppid))].sort();
  return {
    code: 'url_ambiguous',
    detail: `The article may be of several merchants (${names.join(', ')}): name the one that is meant in items.`,
  };
}

const ofAnother = (merchant: string): UrlRefusal => ({
  code: 'url_of_another_merchant',
  detail: `The __biz in the address is not that of merchant ${merchant}.`,
});
