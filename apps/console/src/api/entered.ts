/** What people type or paste, by the rules of the api, so that it is told at once what would be refused. */

const APPID = /^[A-Za-z0-9_-]{4,64}$/;
const MOST_APPIDS = 1_000;
const LONGEST_URL = 2_000;

export const isAppid = (text: string): boolean => APPID.test(text);

/** Of lines, or of cells and lists as people copy them. */
export const appidsOf = (text: string): string[] => text.split(/[\s,;，；、"']+/).filter((one) => one !== '');

/** Whether the text lists appids, none of them twice; an empty one lists none. */
export function areAppids(text: string): boolean {
  const appids = appidsOf(text);
  return appids.length <= MOST_APPIDS && new Set(appids).size === appids.length && appids.every(isAppid);
}

/** Whether something can be sent there: http(s), without a user, a password or a fragment. */
export function isHttpUrl(text: string): boolean {
  if (!URL.canParse(text) || text.length > LONGEST_URL) return false;
  const { protocol, username, password, hash } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

/** Whether it was typed as the number, however that is grouped or wide: 1,200 and 1200 and １２００. */
export const isNumber = (typed: string, count: number): boolean =>
  typed.normalize('NFKC').replace(/[\s,]/g, '') === String(count);
