/** Adds to the query and leaves what is there as it is, to the letter: URLSearchParams would write `%20` as `+`. */
export function withQuery(url: string, added: Record<string, string>): string {
  const [address = '', ...fragment] = url.split('#');
  const separator = !address.includes('?') ? '?' : /[?&]$/.test(address) ? '' : '&';
  const query = Object.entries(added).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return [address + separator + query.join('&'), ...fragment].join('#');
}
