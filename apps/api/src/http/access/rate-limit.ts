import { LRUCache } from 'lru-cache';

export const WINDOW_SECONDS = 60;
const WINDOW_MS = WINDOW_SECONDS * 1_000;

/** For the one that counts requests of keys. */
export const REQUEST_LIMIT = Symbol('REQUEST_LIMIT');

/** The rest of the minute that began with the first request. */
export interface Allowance {
  limit: number;
  remaining: number;
  resetSeconds: number;
  isExceeded: boolean;
}

interface Window {
  endsAt: number;
  used: number;
}

/**
 * Counts per minute: the requests of a tenant or of a key of the provider, or the failures of an address. Each api
 * process counts its own: the limit is against a client that runs away, and not worth a shared counter in the path of
 * every request.
 */
export class RateLimit {
  private readonly windows = new LRUCache<string, Window>({ max: 10_000 });

  /** @param perMinute 0: no limit */
  constructor(private readonly perMinute: number) {}

  /** @returns seconds until the minute is over, for whom it has none left; 0 for everybody else */
  waitSeconds(key: string, now: number): number {
    const window = this.windows.get(key);
    if (this.perMinute === 0 || !window || window.used < this.perMinute || window.endsAt <= now) return 0;
    return Math.ceil((window.endsAt - now) / 1000);
  }

  /** @param now in milliseconds @returns undefined where there is no limit */
  take(key: string, now: number): Allowance | undefined {
    if (this.perMinute === 0) return undefined;
    const current = this.windows.get(key);
    const window = current && current.endsAt > now ? current : { endsAt: now + WINDOW_MS, used: 0 };
    if (window !== current) this.windows.set(key, window);
    window.used++;
    return {
      limit: this.perMinute,
      remaining: Math.max(0, this.perMinute - window.used),
      resetSeconds: Math.ceil((window.endsAt - now) / 1000),
      isExceeded: window.used > this.perMinute,
    };
  }
}
