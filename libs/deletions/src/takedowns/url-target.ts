import { wasSent, type FoundArticle, type MerchantCard } from '@app/merchants';
import type { AddressFacts } from './address-facts.js';
import type { Target } from '../deletion/target.js';

/** Why an address names nothing that could be deleted. `code` is stable. */
export interface UrlRefusal {
  code: 'url_not_resolved' | 'url_ambiguous' | 'url_of_another_merchant' | 'message_not_sent';
  detail: string;
}

/**
 * Whose article stands at an address. A long one names its account, and where WeChat told whose name that is nothing else counts:
 * what others have in the inventory under this address got there by mistake. Next counts whose send it is by what WeChat told. What
 * imports alone tell is not gone by, for whoever imported it may be mistaken, or wish that another message be deleted. Whoever
 * deletes for the wrong one cannot undo it, so between several accounts nothing is guessed.
 * @param mayReach whether the caller may know of a merchant and act for it
 */
export function merchantAt(facts: AddressFacts, mayReach: (card: MerchantCard) => boolean): MerchantCard | UrlRefusal {
  const { biz, holders, owners } = facts;
  const told = toldAccounts(facts);
  const imported = accountsOf(owners);
  const believed = [...holders, ...owners].filter(({ authorizerAppid, biz: own }) => {
    if (told.size > 0) return told.has(authorizerAppid);
    return imported.size > 0 ? imported.has(authorizerAppid) : biz === undefined || own === null;
  });
  const reached = believed.filter(mayReach);
  const [first] = reached;
  if (!first) return notResolved(biz === undefined);
  if (told.size === 0) return ambiguous(reached, 'Imports alone tell whose article this is');
  if (believed.some(({ authorizerAppid }) => authorizerAppid !== first.authorizerAppid)) {
    return ambiguous(reached, 'The article may be of several merchants');
  }
  return reached.find(({ ineligibleReasons }) => ineligibleReasons.length === 0) ?? first;
}

/** What to delete of a merchant whose article is meant by its address. `again` insists although it is known not to have gone out. */
export function targetAt(
  url: string,
  merchant: MerchantCard,
  facts: AddressFacts,
  { again = false }: { again?: boolean | undefined } = {},
): Target | UrlRefusal {
  if (isOfAnother(merchant, facts)) return ofAnother(merchant.authorizerAppid);
  const { sends, holders } = facts;
  // An account's messages are the same over whichever platform.
  const same = holders.filter(({ authorizerAppid }) => authorizerAppid === merchant.authorizerAppid);
  const own = sends.filter(({ merchantId }) => merchantId === merchant.id || same.some(({ id }) => id === merchantId));
  const sent = own.filter(({ status }) => wasSent(status));
  const newest = newestOf(bestTold(sent)) ?? (again ? newestOf(bestTold(own)) : undefined);
  if (newest) return { msgId: BigInt(newest.msgId), articleIdx: newest.articleIdx };
  const unsent = newestOf(own);
  // By its address it would be as little there, and the call would be spent.
  return unsent ? { code: 'message_not_sent', detail: `WeChat said of it: ${unsent.status}` } : { url };
}

function isOfAnother({ authorizerAppid, biz: own }: MerchantCard, facts: AddressFacts): boolean {
  const { biz, owners } = facts;
  const told = toldAccounts(facts);
  const known = told.size > 0 ? told : accountsOf(owners);
  if (known.size > 0) return !known.has(authorizerAppid);
  return biz !== undefined && own !== null && own !== biz;
}

/** Whose the article is by what WeChat told: its `__biz`, or else that it was sent. */
function toldAccounts({ biz, sends, holders, owners }: AddressFacts): Set<string> {
  const owning = accountsOf(owners.filter(({ bizSource }) => bizSource === 'wechat'));
  if (owning.size > 0) return owning;
  const senders = new Set(sends.flatMap(({ source, merchantId }) => (source === 'wechat' ? merchantId : [])));
  const isOtherwiseNamed = ({ bizSource, biz: own }: MerchantCard) =>
    biz !== undefined && bizSource === 'wechat' && own !== biz;
  return accountsOf(holders.filter((holder) => senders.has(holder.id) && !isOtherwiseNamed(holder)));
}

const accountsOf = (cards: MerchantCard[]) => new Set(cards.map(({ authorizerAppid }) => authorizerAppid));

const BEST_FIRST: FoundArticle['source'][] = ['wechat', 'import', 'limited_import'];

/** Those of the best source that there is: a later send that somebody imports takes no precedence over one that WeChat told. */
function bestTold(sends: FoundArticle[]): FoundArticle[] {
  const best = BEST_FIRST.find((one) => sends.some(({ source }) => source === one));
  return sends.filter(({ source }) => source === best);
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
    ? 'The inventory does not have this short link, which tells nothing by itself: name the merchant in items, or open the link in a browser and paste the long address that shows there. To have it deleted by its msg_id, import the message as well.'
    : 'Neither the inventory nor the address itself tells which merchant this article is of: name the merchant in items. To have it deleted by its msg_id, import the message as well.',
});

function ambiguous(cards: MerchantCard[], why: string): UrlRefusal {
  const names = [...accountsOf(cards)].sort();
  return { code: 'url_ambiguous', detail: `${why} (${names.join(', ')}): name the one that is meant in items.` };
}

const ofAnother = (merchant: string): UrlRefusal => ({
  code: 'url_of_another_merchant',
  detail: `The article at this address is not of merchant ${merchant}, by the __biz in it or by what WeChat told of who sent it.`,
});
