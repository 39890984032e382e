import { type FoundArticle, type Inventory, type MerchantCard, type MerchantDirectory } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { readArticleLink } from '@app/wechat';

/** What is known of the article at an address. */
export interface AddressFacts {
  /** Names the account. Undefined where the address is not a long one. */
  biz: string | undefined;
  /** Of it, by merchants whom the caller may reach. */
  sends: FoundArticle[];
  /** Who has sent it, as far as the caller may reach them. */
  holders: MerchantCard[];
  /** Whose addresses carry this `biz`, whether the caller may reach them or not. */
  owners: MerchantCard[];
}

const NOTHING: AddressFacts = { biz: undefined, sends: [], holders: [], owners: [] };

/**
 * @param urls as they were pasted, or as they were read from that
 * @returns for each of the addresses, however many, from three statements
 */
export async function lookUpAddresses(
  urls: string[],
  scope: Scope,
  inventory: Inventory,
  directory: MerchantDirectory,
): Promise<(url: string) => AddressFacts> {
  const addressed = [...new Set(urls)].flatMap((pasted) => {
    const link = readArticleLink(pasted);
    return link ? { ...link, pasted } : [];
  });
  const found = await inventory.findArticles(
    scope,
    addressed.flatMap(({ address }) => address ?? []),
    addressed.flatMap(({ shortId }) => shortId ?? []),
  );
  const owners = await directory.byBiz(EVERYTHING, [
    ...new Set(addressed.flatMap(({ address }) => address?.biz ?? [])),
  ]);
  const holders = await directory.byIds(scope, [...new Set(found.map(({ merchantId }) => merchantId))]);
  const holderOf = new Map(holders.map((card) => [card.id, card]));
  const byMaterial = groupBy(found, materialOf);
  const byShortId = groupBy(found, ({ shortId }) => shortId ?? '');
  const byBiz = groupBy(owners, ({ biz }) => biz);
  const facts = new Map(
    addressed.flatMap(({ pasted, url, address, shortId }): [string, AddressFacts][] => {
      const key = address ? materialOf(address) : shortId;
      const sends = (key && (address ? byMaterial : byShortId).get(key)) || [];
      const senders = new Set(sends.map(({ merchantId }) => merchantId));
      const known = {
        biz: address?.biz,
        sends,
        holders: [...senders].flatMap((id) => holderOf.get(id) ?? []),
        owners: (address && byBiz.get(address.biz)) ?? [],
      };
      return [
        [pasted, known],
        [url, known],
      ];
    }),
  );
  return (url) => facts.get(url) ?? NOTHING;
}

const materialOf = ({ mid, idx, sn }: { mid: string | null; idx: number | null; sn: string | null }) =>
  `${mid}/${idx}/${sn}`;

function groupBy<T, Key>(all: T[], keyOf: (one: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const one of all) {
    const key = keyOf(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return groups;
}
