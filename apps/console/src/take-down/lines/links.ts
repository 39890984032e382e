/** What names the article in a long address, and in one of the old form. */
const NAMES = [
  ['__biz', 'mid', 'idx', 'sn'],
  ['__biz', 'appmsgid', 'itemidx', 'sign'],
] as const;

/**
 * Words to search for; of a link to an article only what names it, for the rest may be longer than the api takes. Anything
 * else stays as it is.
 */
export function searchedFor(words: string): string {
  const link = words.trim().replaceAll('&amp;', '&');
  if (!/^(?:(?:https?:)?\/\/)?mp\.weixin\.qq\.com\//i.test(link)) return words;
  const [address = '', query = ''] = link.replace(/#.*$/s, '').split('?');
  if (/\/s\/[\w-]+\/?$/.test(address)) return address;
  for (const names of NAMES) {
    const parts = query.split('&').filter((part) => names.some((name) => part.startsWith(`${name}=`)));
    if (parts.length === names.length) return `${address}?${parts.join('&')}`;
  }
  return words;
}

/** The same for all addresses of an article: WeChat writes the same parameters in another order, or more of them. */
export function articleOf(url: string): string {
  try {
    const { pathname, searchParams } = new URL(url.replaceAll('&amp;', '&'), 'https://mp.weixin.qq.com');
    const named = NAMES[0].map((name) => searchParams.get(name) ?? '');
    return named.some((value) => value !== '') ? named.join('/') : pathname;
  } catch {
    return url;
  }
}
