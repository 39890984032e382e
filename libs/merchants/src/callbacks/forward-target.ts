/** Stands for the authorizer's appid in a forward URL, as in the message URL at WeChat. */
export const APPID_PLACEHOLDER = '$APPID$';

/**
 * Whether pushes can be forwarded there: http(s), without a user or password, which would show, and without a fragment.
 */
export function isForwardUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > 2_000) return false;
  const { protocol, username, password, hash } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '' && hash === '';
}

/**
 * Where a push goes. Its query string is appended as it came: taking it apart would change bytes.
 * @param appid of the authorizer; of the component for a push that is about no authorizer, such as a ticket
 */
export function forwardTarget(url: string, appid: string, rawQuery: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url.replaceAll(APPID_PLACEHOLDER, () => encodeURIComponent(appid)));
  const queries = [search.slice(1), rawQuery].filter((query) => query !== '');
  return { origin, path: queries.length > 0 ? `${pathname}?${queries.join('&')}` : pathname };
}
