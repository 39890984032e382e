/**
 * Whether merchants may be sent there: https, an origin that the operators named, and no name or password in it, which
 * people take for the host. Without a list nothing is allowed: a page of ours that leads anywhere would lend its good
 * name to anybody.
 */
export function isReturnAllowed(text: string, origins: readonly string[]): boolean {
  // Without the slashes a browser takes it for a path below our own page.
  if (!/^https:\/\//i.test(text) || !URL.canParse(text)) return false;
  const { origin, username, password } = new URL(text);
  return username === '' && password === '' && origins.includes(origin);
}
