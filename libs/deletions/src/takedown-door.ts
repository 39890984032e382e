import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import {
  chooseMerchant,
  Inventory,
  MerchantDirectory,
  reaches,
  type LabelledMessage,
  type MerchantCard,
  type Scope,
} from '@app/merchants';
import { lookUpAddresses, type AddressFacts } from './address-facts.js';
import { TargetRefused } from './errors.js';
import { articleUrl, decideTarget, type Target, type TargetRequest } from './target.js';
import type { TakedownItem, TakedownRejection } from './takedown-intake.js';
import { merchantAt, targetAt } from './url-target.js';

/** Where a request stands in its body or list. */
interface Place {
  /** 1-based. */
  line: number;
}

/** As the request had it, its types checked but nothing decided. */
export interface ItemRequest extends Place, TargetRequest {
  merchant: string;
  component_appid?: string | undefined;
}

/** An article by its address alone. */
export interface UrlRequest extends Place {
  url: string;
}

export interface Decided {
  items: TakedownItem[];
  rejections: Rejection[];
}

export interface Rejection extends Omit<TakedownRejection, 'excerpt'> {
  /** Where it is for the merchant alone that nothing can be done. */
  ineligible?: { merchant: string; reasons: string[] };
}
type Refusal = Omit<Rejection, 'line'>;

/** As many as an upload names at a time; one that names more is looked up again. */
const CARDS = 50_000;
const PAGE = 1_000;

/** Decides what of a takedown can be done: the same rules as for one deletion, for thousands at a time. */
@Injectable()
export class TakedownDoor {
  constructor(
    private readonly directory: MerchantDirectory,
    private readonly inventory: Inventory,
  ) {}

  /** For one upload. Merchants are looked up once. */
  open(scope: Scope): OpenDoor {
    return new OpenDoor(scope, this.directory, this.inventory);
  }
}

export class OpenDoor {
  private readonly cards = new LRUCache<string, MerchantCard[]>({ max: CARDS });

  constructor(
    private readonly scope: Scope,
    private readonly directory: MerchantDirectory,
    private readonly inventory: Inventory,
  ) {}

  async decide(requests: ItemRequest[]): Promise<Decided> {
    const cards = await this.cardsOf(requests.map(({ merchant }) => merchant));
    const factsOf = await this.lookUp(requests.flatMap(({ msg_id, url }) => (msg_id === undefined ? (url ?? []) : [])));
    return sort(requests, (request) => {
      const merchant = acceptable(request, cards.get(request.merchant) ?? []);
      if ('code' in merchant) return merchant;
      const { target } = decideTarget(request);
      return 'url' in target ? at(target.url, merchant, factsOf) : { merchantId: merchant.id, target };
    });
  }

  /** Of articles named by their addresses alone. */
  async decideUrls(requests: UrlRequest[]): Promise<Decided> {
    const factsOf = await this.lookUp(requests.map(({ url }) => url));
    return sort(requests, ({ url: pasted }) => {
      const url = articleUrl(pasted);
      const merchant = merchantAt(factsOf(url), (card) => reaches(this.scope, card));
      if ('code' in merchant) return merchant;
      return merchant.ineligibleReasons.length > 0 ? notEligible(merchant) : at(url, merchant, factsOf);
    });
  }

  /** Every message of the inventory with this label, a page at a time. */
  async *labelled(label: string): AsyncGenerator<LabelledMessage[]> {
    let last: LabelledMessage | undefined;
    do {
      const page = await this.inventory.labelled(this.scope, label, PAGE, last);
      if (page.length > 0) yield page;
      last = page.length === PAGE ? page.at(-1) : undefined;
    } while (last);
  }

  private lookUp(urls: string[]): Promise<(url: string) => AddressFacts> {
    return lookUpAddresses(urls, this.scope, this.inventory, this.directory);
  }

  private async cardsOf(appids: string[]): Promise<LRUCache<string, MerchantCard[]>> {
    const unknown = [...new Set(appids)].filter((appid) => !this.cards.has(appid));
    const found = new Map<string, MerchantCard[]>(unknown.map((appid) => [appid, []]));
    for (const card of await this.directory.byAppids(this.scope, unknown)) found.get(card.authorizerAppid)?.push(card);
    for (const [appid, cards] of found) this.cards.set(appid, cards);
    return this.cards;
  }
}

/** @param decide what to delete of whom, or why not; may throw TargetRefused */
function sort<Request extends Place>(
  requests: Request[],
  decide: (request: Request) => { merchantId: string; target: Target } | Refusal,
): Decided {
  const decided: Decided = { items: [], rejections: [] };
  for (const request of requests) {
    const { line } = request;
    const decision = orRefusal(() => decide(request));
    if ('code' in decision) decided.rejections.push({ line, ...decision });
    else decided.items.push({ line, ...decision });
  }
  return decided;
}

function orRefusal<T>(decide: () => T): T | Refusal {
  try {
    return decide();
  } catch (error) {
    if (error instanceof TargetRefused) return { code: error.code, detail: error.message };
    throw error;
  }
}

function acceptable(request: ItemRequest, cards: MerchantCard[]): MerchantCard | Refusal {
  const chosen = chooseMerchant(request, cards);
  return 'code' in chosen || chosen.ineligibleReasons.length === 0 ? chosen : notEligible(chosen);
}

const notEligible = ({ authorizerAppid, ineligibleReasons }: MerchantCard): Refusal => ({
  code: 'merchant_not_eligible',
  detail: `Merchant ${authorizerAppid} cannot have messages deleted: ${ineligibleReasons.join(', ')}.`,
  ineligible: { merchant: authorizerAppid, reasons: ineligibleReasons },
});

/**
 * By the inventory where it knows the article, for a deletion by msg_id can be looked into afterwards, and then all spellings of
 * the address are one target; otherwise by the address itself.
 */
function at(url: string, merchant: MerchantCard, factsOf: (url: string) => AddressFacts) {
  const target = targetAt(url, merchant, factsOf(url));
  return 'code' in target ? target : { merchantId: merchant.id, target };
}
