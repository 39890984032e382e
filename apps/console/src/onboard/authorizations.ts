import type { AnyEvent } from '../events/event-facts.js';

export interface Authorization {
  at: string;
  platform: string;
  merchant: string;
}

/** Who has authorized, the newest first; whoever did it twice is there once. */
export function authorizationsIn(events: readonly AnyEvent[]): Authorization[] {
  const found = new Map<string, Authorization>();
  for (const { type, timestamp, data } of events) {
    const { component_appid: platform, merchant } = data;
    if (type !== 'merchant.authorized' || typeof platform !== 'string' || typeof merchant !== 'string') continue;
    const key = `${platform} ${merchant}`;
    found.delete(key);
    found.set(key, { at: timestamp, platform, merchant });
  }
  return [...found.values()].reverse();
}
