/**
 * Whether webhooks can be sent there: http(s), without a user or password, which would show, and without a fragment.
 */
export function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > 2_000) return false;
  const { protocol, username, password, hash } = new URL(text);
  return ['http:', 'https:'].includes(protocol) && username === '' && password === '' && hash === '';
}

/** The host of a URL, an IPv6 address without its brackets. */
export const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
