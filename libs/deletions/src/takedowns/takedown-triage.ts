import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import {
  chooseMerchant,
  Inventory,
  mayTryAnyway,
  MerchantDirectory,
  type LabelledMessage,
  type MerchantCard,
  type IneligibleReason,
} from '@app/merchants';
import { reaches, type Scope } from '@app/scope';
import { lookUpAddresses, type AddressFacts } from './address-facts.js';
import { Ceilings } from '../requests/ceilings.js';
import { namesOf, TargetRefused } from '../errors.js';
import { OBSTACLES } from '../gone/known-gone.js';
import { KnownTargets } from './known-targets.js';
import { articleUrl, decideTarget, type TargetRequest } from '../deletion/target.js';
import type { TakedownItem, TakedownRejection } from './takedown-item.js';
import { TakedownRoom } from './takedown-room.js';
import { merchantAt, targetAt } from './url-target.js';

/** Where a request stands in its body or list. */
interface Line {
  /** 1-based. */
  line: number;
}

/** As the request had it, its types checked but nothing decided. */
export interface ItemRequest extends Line, TargetRequest {
  merchant: string;
  component_appid?: string | undefined;
  again?: boolean | undefined;
  try_anyway?: boolean | undefined;
}

/** Of all of a takedown. */
export interface TriageOptions {
  /** Call although a target is known to be gone, or to be none. */
  again?: boolean | undefined;
  /** Also of merchants who are not eligible, where facts may have it wrong. */
  tryAnyway?: boolean | undefined;
  /** Although it would leave its lane late. */
  allowLate?: boolean | undefined;
  isUrgent?: boolean | undefined;
  /** The API key. */
  requestedBy: string;
  /** Rather leave what shares its material with sends that are not to be deleted. */
  refusesShared?: boolean | undefined;
}

/** An article by its address alone. */
export interface UrlRequest extends Line, Pick<ItemRequest, 'again' | 'try_anyway'> {
  merchant?: undefined;
  url: string;
}

export interface Triaged {
  items: TakedownItem[];
  rejections: Rejection[];
}

export interface Rejection extends Omit<TakedownRejection, 'excerpt'> {
  /** Where it is for the merchant alone that nothing can be done. */
  ineligible?: { merchant: string; reasons: IneligibleReason[] };
}
type Refusal = Omit<Rejection, 'line'>;

/** As many as an upload names at a time; one that names more is looked up again. */
const CARDS = 50_000;
const PAGE = 1_000;

/** Decides what of a takedown can be done: the same rules as for one deletion, for thousands at a time. */
@Injectable()
export class TakedownTriage {
  constructor(
    private readonly directory: MerchantDirectory,
    private readonly inventory: Inventory,
    private readonly known: KnownTargets,
    private readonly ceilings: Ceilings,
  ) {}

  /** For one upload. Merchants are looked up once. */
  ofUpload(scope: Scope, options: TriageOptions): UploadTriage {
    const { requestedBy, isUrgent = false, allowLate } = options;
    const room = new TakedownRoom({ requestedBy, scope }, { isUrgent, allowLate }, this.ceilings, this.known);
    return new UploadTriage(scope, options, this.directory, this.inventory, this.known, room);
  }

  /**
   * A single wish by address, decided by the rules of a takedown: by the inventory where it knows the article.
   * @throws TargetRefused
   */
  async single(
    scope: Scope,
    request: Omit<ItemRequest, 'line'>,
    url: string,
  ): Promise<Pick<TakedownItem, 'target' | 'askedUrl'>> {
    const merchant = chooseMerchant(request, await this.directory.byAppids(scope, [request.merchant]));
    // Nobody, or nobody to be told: whoever accepts the wish says so.
    if ('code' in merchant) return { target: { url } };
    const factsOf = await lookUpAddresses([url], scope, this.inventory, this.directory);
    const target = targetAt(url, merchant, factsOf(url), request);
    if ('code' in target) throw new TargetRefused(target.code, target.detail);
    return 'url' in target ? { target } : { target, askedUrl: url };
  }
}

export class UploadTriage {
  private readonly cards = new LRUCache<string, MerchantCard[]>({ max: CARDS });

  constructor(
    private readonly scope: Scope,
    private readonly options: TriageOptions,
    private readonly directory: MerchantDirectory,
    private readonly inventory: Inventory,
    private readonly known: KnownTargets,
    private readonly room: TakedownRoom,
  ) {}

  async decide(requests: (ItemRequest | UrlRequest)[]): Promise<Triaged> {
    const cards = await this.cardsOf(requests.flatMap(({ merchant }) => merchant ?? []));
    const factsOf = await this.lookUp(requests.flatMap((request) => addressOf(request) ?? []));
    const decided = divide(requests, (request) => {
      const insisting = this.insisting(request);
      if (request.merchant === undefined) return this.decideUrl(request.url, factsOf, insisting);
      const merchant = chooseMerchant(request, cards.get(request.merchant) ?? []);
      if ('code' in merchant) return merchant;
      const { target } = decideTarget(request);
      const item = 'url' in target ? at(target.url, merchant, factsOf, insisting) : { target };
      return accepted(merchant, item, insisting);
    });
    return this.withoutObstacles(decided);
  }

  /** Of an article named by its address alone. @throws TargetRefused */
  private decideUrl(pasted: string, factsOf: (url: string) => AddressFacts, insisting: Insisting): Decision {
    const url = articleUrl(pasted);
    const merchant = merchantAt(factsOf(url), (card) => reaches(this.scope, card));
    if ('code' in merchant) return merchant;
    return accepted(merchant, at(url, merchant, factsOf, insisting), insisting);
  }

  private insisting({ again, try_anyway }: Pick<ItemRequest, 'again' | 'try_anyway'>): Insisting {
    return { again: again ?? this.options.again, tryAnyway: try_anyway ?? this.options.tryAnyway };
  }

  /**
   * What is gone already needs no eligible merchant. What others share its material is judged without what stands in the same batch, which goes as well.
   */
  private async withoutObstacles({ candidates, rejections }: Divided): Promise<Triaged> {
    const barred = new Map(candidates.flatMap(({ item, bar }) => (bar ? [[item.line, bar]] : [])));
    const asked = candidates.map(({ item }) => item);
    const gone = await this.known.goneAmong(
      asked.filter(({ line, again }) => barred.has(line) && !again),
      this.scope,
    );
    const items = asked.filter(({ line }) => !barred.has(line) || gone.has(line));
    const obstacles = await this.known.obstaclesAmong(
      items.filter(({ again }) => !again),
      this.scope,
    );
    const free = items.filter(({ line }) => !obstacles.has(line));
    const shared = this.options.refusesShared ? await this.known.sharedBeside(free, this.scope) : undefined;
    const refused = items.flatMap(({ line }): Rejection[] => {
      const code = obstacles.get(line);
      if (code) return [{ line, code, detail: OBSTACLES[code] }];
      const sends = shared?.get(line);
      return sends
        ? [{ line, code: 'shared_material', detail: `Other sends would be gone, too: ${namesOf(sends)}.` }]
        : [];
    });
    const out = new Set(refused.map(({ line }) => line));
    const full = await this.room.refusals(items.filter(({ line }) => !out.has(line)));
    for (const [line, { code, message }] of full) refused.push({ line, code, detail: message });
    const notEligible = [...barred].flatMap(([line, bar]) => (gone.has(line) ? [] : [{ line, ...bar }]));
    return {
      items: items.filter(({ line }) => !out.has(line) && !full.has(line)),
      rejections: [...rejections, ...notEligible, ...refused],
    };
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

/** The address that has to be looked up. */
function addressOf(request: ItemRequest | UrlRequest): string | undefined {
  return 'msg_id' in request && request.msg_id !== undefined ? undefined : request.url;
}

type Insisting = Pick<TakedownItem, 'again' | 'tryAnyway'>;

interface Candidate {
  item: TakedownItem;
  /** Why it cannot be done, unless it is done already. */
  bar?: Refusal | undefined;
}

interface Divided {
  candidates: Candidate[];
  rejections: Rejection[];
}

type Decision = Refusal | { item: Omit<TakedownItem, 'line'>; bar: Refusal | undefined };

/** @param decide what to delete of whom, or why not; may throw TargetRefused */
function divide<Request extends Line>(requests: Request[], decide: (request: Request) => Decision): Divided {
  const divided: Divided = { candidates: [], rejections: [] };
  for (const request of requests) {
    const { line } = request;
    const decision = orRefusal(() => decide(request));
    if ('code' in decision) divided.rejections.push({ line, ...decision });
    else divided.candidates.push({ item: { line, ...decision.item }, bar: decision.bar });
  }
  return divided;
}

function orRefusal<T>(decide: () => T): T | Refusal {
  try {
    return decide();
  } catch (error) {
    if (error instanceof TargetRefused) return { code: error.code, detail: error.message };
    throw error;
  }
}

function accepted(
  merchant: MerchantCard,
  named: Pick<TakedownItem, 'target' | 'askedUrl'> | Refusal,
  insisting: Insisting,
): Decision {
  const { id, ineligibleReasons: reasons } = merchant;
  const isEligible = reasons.length === 0 || (insisting.tryAnyway === true && mayTryAnyway(reasons));
  const bar = isEligible ? undefined : notEligible(merchant);
  return 'code' in named ? (bar ?? named) : { item: { merchantId: id, ...named, ...insisting }, bar };
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
function at(
  url: string,
  merchant: MerchantCard,
  factsOf: (url: string) => AddressFacts,
  insisting: Insisting,
): Pick<TakedownItem, 'target' | 'askedUrl'> | Refusal {
  const target = targetAt(url, merchant, factsOf(url), insisting);
  if ('code' in target) return target;
  return { target, ...('msgId' in target && { askedUrl: url }) };
}
