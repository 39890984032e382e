import { LRUCache } from 'lru-cache';
import type { Principal } from '../principals/principal.js';

/**
 * For so long a process lets somebody in again without asking Postgres; who takes a key or a session away waits until
 * that is over.
 */
export const REMEMBERED_MS = 1_000;

/** Whom Postgres answered for a moment ago, by the hash of the secret that was presented. */
export class RecentLookups {
  private readonly remembered = new LRUCache<string, Principal>({ max: 10_000, ttl: REMEMBERED_MS, ttlResolution: 0 });
  /**
   * Hashes of which nobody was let in a moment ago: whoever tries the same one again and again costs no query each time.
   * Who gives a key a later end waits until that is over, too.
   */
  private readonly missed = new LRUCache<string, true>({ max: 10_000, ttl: REMEMBERED_MS, ttlResolution: 0 });
  /** Hashes that this process has let in, and who came by them, unless that is over. */
  private readonly seen = new LRUCache<string, { principal: Principal | undefined }>({ max: 10_000 });

  async principalOf(hash: string, look: () => Promise<Principal | undefined>): Promise<Principal | undefined> {
    const remembered = this.remembered.get(hash);
    if (remembered && !hasEnded(remembered)) return remembered;
    if (this.missed.has(hash)) return undefined;
    // The answer of Postgres was true at some time after this one.
    const askedAt = performance.now();
    const found = await look();
    if (!found) {
      this.missed.set(hash, true, { start: askedAt });
      if (this.seen.has(hash)) this.seen.set(hash, { principal: undefined });
      return undefined;
    }
    this.remembered.set(hash, found, { start: askedAt });
    this.seen.set(hash, { principal: found });
    return found;
  }

  /** Whether this process has let it in before; it may have ended since. Nobody gets there by guessing. */
  wasLetIn(hash: string): boolean {
    return this.seen.has(hash);
  }

  /** Whom it let in last, for as long as this process has not heard of an end. */
  letInLast(hash: string): Principal | undefined {
    const principal = this.seen.get(hash)?.principal;
    return principal && !hasEnded(principal) ? principal : undefined;
  }

  /** What was nobody's is somebody's now. */
  forgetMissed(hash: string): void {
    this.missed.delete(hash);
  }
}

const hasEnded = ({ expiresAt }: Principal) => expiresAt !== null && expiresAt.getTime() <= Date.now();
