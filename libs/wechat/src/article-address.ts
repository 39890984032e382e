/** The parts of an article's long address, `mp.weixin.qq.com/s?__biz=…&mid=…&idx=…&sn=…`. */
export interface ArticleAddress {
  /** Names the account. */
  biz: string;
  /** Names the material, which several sends may share. */
  mid: string;
  idx: number;
  sn: string;
}

const HOST = 'mp.weixin.qq.com';

/** Undefined for short addresses (`/s/…`) and all others. */
export function readArticleAddress(url: string): ArticleAddress | undefined {
  const { pathname, searchParams } = articleUrl(url) ?? {};
  if (pathname !== '/s' || !searchParams) return undefined;
  const [biz, mid, idx, sn] = ['__biz', 'mid', 'idx', 'sn'].map((name) => searchParams.get(name));
  if (!biz || !mid || !sn) return undefined;
  return idx && /^[1-9]\d?$/.test(idx) ? { biz, mid, idx: Number(idx), sn } : undefined;
}

/** The name in a short address, `mp.weixin.qq.com/s/…`. It tells neither account nor material. */
export function readShortArticleId(url: string): string | undefined {
  return /^\/s\/([A-Za-z0-9_-]+)$/.exec(articleUrl(url)?.pathname ?? '')?.[1];
}

/**
 * The same for every spelling of an article's address: scheme, order and tracking parameters do not count, nor what browsers
 * add behind a `#`. Of addresses that are neither long nor short ones all but scheme and fragment is kept.
 */
export function canonicalArticleUrl(url: string): string {
  const address = readArticleAddress(url);
  if (address) {
    const { biz, mid, idx, sn } = address;
    return `https://${HOST}/s?__biz=${biz}&mid=${mid}&idx=${idx}&sn=${sn}`;
  }
  const shortId = readShortArticleId(url);
  if (shortId) return `https://${HOST}/s/${shortId}`;
  const other = articleUrl(url);
  return other ? `https://${HOST}${other.pathname}${other.search}` : url;
}

function articleUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.hostname === HOST && /^https?:$/.test(url.protocol) ? url : undefined;
}
