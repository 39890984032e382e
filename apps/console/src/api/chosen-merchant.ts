interface Proposed {
  appid: string;
}

const APPID = /^wx[0-9a-f]{16}$/;

/**
 * The merchant that somebody means who enters this.
 * @param found by `words`, which may be older than what stands there now
 * @returns undefined where it could be several, or is not known yet: nobody is chosen by chance
 */
export function chosenMerchant(entered: string, words: string, found: readonly Proposed[]): string | undefined {
  const text = entered.trim();
  if (APPID.test(text) || found.some(({ appid }) => appid === text)) return text;
  const [first, ...others] = new Set(words === text ? found.map(({ appid }) => appid) : []);
  return others.length === 0 ? first : undefined;
}
