/** How an authorization came out, as the address that it leads back to tells it. */
export interface Returned {
  /** `incomplete`: the grant is stored, and messages cannot be taken back yet. */
  result: 'authorized' | 'incomplete' | 'failed';
  /** authorizer_appid of the account. */
  merchant?: string | undefined;
  /** Of the link by which the admin came. */
  ref?: string | null | undefined;
}

/**
 * Whether merchants may be sent there: https, below an address that is allowed, and no name or password in it, which
 * people take for the host. Without a list nothing is allowed: a page of ours that leads anywhere would lend its good
 * name to anybody.
 * @param allowed origins, or addresses with a path
 */
export function isReturnAllowed(text: string, allowed: readonly string[]): boolean {
  // Without the slashes a browser takes it for a path below our own page.
  if (!/^https:\/\//i.test(text) || !URL.canParse(text)) return false;
  const url = new URL(text);
  return url.username === '' && url.password === '' && allowed.some((entry) => isBelow(url, new URL(entry)));
}

function isBelow({ origin, pathname }: URL, allowed: URL): boolean {
  if (origin !== allowed.origin) return false;
  if (allowed.pathname === '/' || pathname === allowed.pathname) return true;
  // Some servers take these for slashes, decode twice, or cut a part behind its semicolon, and two dots are a way up then.
  if (/%2f|%5c|%25|;/i.test(pathname)) return false;
  return pathname.startsWith(allowed.pathname.replace(/\/?$/, '/'));
}

/** The address with what came out, after the parameters that it has; those that say something else are taken away. */
export function returnAddress(address: string, { result, merchant, ref }: Returned): string {
  const url = new URL(address);
  const told = { result, ...(merchant !== undefined && { merchant }), ...(ref != null && { ref }) };
  for (const name of ['result', 'merchant', 'ref']) if (url.searchParams.has(name)) url.searchParams.delete(name);
  url.search = `${url.search === '' ? '?' : `${url.search}&`}${new URLSearchParams(told).toString()}`;
  return url.href;
}
