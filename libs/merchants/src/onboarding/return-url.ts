/**
 * Whether merchants may be sent there: https, an origin that the operators named, and no name or password in it, which
 * people take for the host. Without a list nothing is allowed: a page of ours that leads anywhere would lend its good
 * name to anybody.
 */
export function isReturnAllowed(text: string, origins: readonly string[]): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin, username, password } = new URL(text);
  return protocol === 'https:' && username === '' && password === '' && origins.includes(origin);
}
