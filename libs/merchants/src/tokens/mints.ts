import { channel } from 'node:diagnostics_channel';

/** A mint of this process that has ended, be it without a call. */
export interface Mint {
  holder: 'platform' | 'merchant';
  /** `minted`, or the code of what stood in the way. */
  outcome: string;
}

/** Each mint is published here. A listener must not throw. */
export const mints = channel('retract.mints');

/** @throws what `mint` throws */
export async function publishMint<T>(holder: Mint['holder'], mint: () => Promise<T>): Promise<T> {
  try {
    const minted = await mint();
    mints.publish({ holder, outcome: 'minted' } satisfies Mint);
    return minted;
  } catch (error) {
    mints.publish({ holder, outcome: codeOf(error) } satisfies Mint);
    throw error;
  }
}

/** The codes of our own and of WeChat's errors are few; those of servers and sockets are not told apart. */
function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[a-z_]+$/.test(code) ? code : 'internal_error';
}
