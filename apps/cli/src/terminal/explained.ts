import { holdReasonWords, ineligibleReasonWords, outcomeWords, waitingForWords, type Words } from '@app/words';

const WORDS: Readonly<Record<string, Words>> = {
  ...holdReasonWords,
  ...ineligibleReasonWords,
  ...outcomeWords,
  ...waitingForWords,
};

/**
 * A code of the api after its meaning, which is told in the words of the whole product.
 * @param more what else stands beside the code
 */
export function explained(code: string, more = ''): string {
  const words = WORDS[code]?.en.replace(/\.$/, '');
  if (words === undefined) return more ? `${code} (${more})` : code;
  return `${words} (${[code, more].filter(Boolean).join('; ')})`;
}
