import { peelPastedText } from './pasted-text.js';

/** The parts of an article's long address, `mp.weixin.qq.com/s?__biz=…&mid=…&idx=…&sn=…`. */
export interface ArticleAddress {
  /** Names the account. */
  biz: string;
  /** Names the material, which several sends may share. */
  mid: string;
  idx: number;
  sn: string;
}

/** A link that names one article: by its long address or by the name in its short one. */
export interface ArticleLink {
  /**
   * The address to keep and to send to WeChat: as it came if WeChat gives it so, otherwise the canonical form, for
   * nobody knows what WeChat makes of the rest.
   */
  url: string;
  /**
   * The same for every spelling of the address: scheme, order and further parameters do not count, nor what browsers
   * add behind a `#`. An address of the old form (`/mp/appmsg/show`) gets the form that WeChat's pushes have: WeChat
   * does not document that its parts mean the same, but they are made alike.
   */
  canonical: string;
  address: ArticleAddress | undefined;
  /** It tells neither account nor material. */
  shortId: string | undefined;
}

const HOST = 'mp.weixin.qq.com';
/** Several times what the longest address of a shared article needs, and little enough to be read at once. */
const MAX_LENGTH = 4_096;

type Names = Record<keyof ArticleAddress, string>;
const LONG: Names = { biz: '__biz', mid: 'mid', idx: 'idx', sn: 'sn' };
const PARTS = ['biz', 'mid', 'idx', 'sn'] as const;
/** The names of the same four in addresses from before 2014. */
const OLD: Names = { biz: '__biz', mid: 'appmsgid', idx: 'itemidx', sn: 'sign' };

/**
 * Reads a link as people paste it. Undefined for everything that does not name exactly one article of mp.weixin.qq.com:
 * other sites and pages, addresses with a part missing or said twice, links with other text beside them. Nothing is
 * guessed, for what was deleted cannot be brought back.
 */
export function readArticleLink(text: string): ArticleLink | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const link = peelPastedText(text);
  if (hasStrangers(link) || namesHostAgain(link)) return undefined;
  // No port and no user: neither is in an address that WeChat gives, and both are in addresses that pretend.
  const [, path = '', query = ''] =
    /^(?:(?:https?:)?\/\/)?mp\.weixin\.qq\.com(\/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$/i.exec(link) ?? [];
  // WeChat's pages are the same with slashes doubled or at the end.
  const page = path.replace(/\/+/g, '/').replace(/\/$/, '');
  const shortId = /^\/s\/([\w-]{1,128})$/.exec(page)?.[1];
  const names = page === '/s' ? LONG : page === '/mp/appmsg/show' ? OLD : undefined;
  const address = names && readParts(query, names);
  if (!shortId && !address) return undefined;
  const canonical = address ? longUrl(address) : `https://${HOST}/s/${shortId}`;
  return { url: isAsGiven(text, address) ? text : canonical, canonical, address, shortId };
}

/** Undefined for short addresses (`/s/…`) and all others. */
export function readArticleAddress(url: string): ArticleAddress | undefined {
  return readArticleLink(url)?.address;
}

/** The name in a short address, `mp.weixin.qq.com/s/…`. It tells neither account nor material. */
export function readShortArticleId(url: string): string | undefined {
  return readArticleLink(url)?.shortId;
}

/** The same for every spelling of an article's address. What is none stays as it is. */
export function canonicalArticleUrl(url: string): string {
  return readArticleLink(url)?.canonical ?? url;
}

const longUrl = ({ biz, mid, idx, sn }: ArticleAddress) =>
  `https://${HOST}/s?__biz=${biz}&mid=${mid}&idx=${idx}&sn=${sn}`;

/** Blanks, quotes and escapes inside say that it is more than a link, or half of one. */
const hasStrangers = (link: string) => /[\s\p{Cc}\p{Cs}\p{Pi}\p{Pf}"'`´<>\\「」『』《》〈〉＂＇＜＞]/u.test(link);

/** Two links, or one as part of another: which of them is meant is not said. */
const namesHostAgain = (link: string) => (link.match(/mp\.weixin\.qq\.com[:/?]/gi)?.length ?? 0) > 1;

/**
 * Whether WeChat itself would give the address so. Only what counts in it must be as it should: further parameters may
 * be any.
 */
function isAsGiven(text: string, address: ArticleAddress | undefined): boolean {
  if (peelPastedText(text) !== text || !/^https?:\/\/mp\.weixin\.qq\.com\/s(?:\?|\/[\w-]+(?:[?#]|$))/.test(text))
    return false;
  return !address || PARTS.every((part) => text.includes(`${LONG[part]}=${address[part]}`));
}

function readParts(query: string, names: Names): ArticleAddress | undefined {
  const wanted = new Set(Object.values(names));
  const values = new Map<string, Set<string>>();
  for (const parameter of query.split('&')) {
    const end = parameter.indexOf('=');
    const key = decodePart(end < 0 ? parameter : parameter.slice(0, end));
    if (!wanted.has(key)) continue;
    values.set(key, (values.get(key) ?? new Set()).add(end < 0 ? '' : decodePart(parameter.slice(end + 1))));
  }
  // Said twice and differently: which is meant is not known.
  const only = (name: string) => (values.get(name)?.size === 1 ? [...(values.get(name) ?? [])][0] : undefined);
  const biz = /^([\w+/-]{1,64})={0,2}$/.exec(only(names.biz) ?? '')?.[1];
  const mid = /^\d{1,20}$/.exec(only(names.mid) ?? '')?.[0];
  const idx = /^[1-9]\d?$/.exec(only(names.idx) ?? '')?.[0];
  const sn = /^[\w-]{1,128}$/.exec(only(names.sn) ?? '')?.[0];
  if (!biz || !mid || !idx || !sn) return undefined;
  // Programs that make links clickable drop the signs at their end.
  return { biz: biz.length % 4 > 1 ? biz.padEnd(Math.ceil(biz.length / 4) * 4, '=') : biz, mid, idx: Number(idx), sn };
}

/** Also what was encoded more than once. None of the parts has a percent sign in itself, or anything beyond ASCII. */
function decodePart(value: string): string {
  if (!value.includes('%') || !/^(?:[^%]|%(?:25){0,2}(?!25)[0-7][\da-f])*$/i.test(value)) return value;
  let decoded = value;
  try {
    for (let round = 0; round < 3 && decoded.includes('%'); round++) decoded = decodeURIComponent(decoded);
  } catch {
    return value;
  }
  return decoded;
}
