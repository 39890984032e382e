import type { Allowance } from './lane.js';
import { intervalMs, slotsAt, type Rate } from './rate.js';

/** The rate that WeChat allows a platform for all of its merchants together. */
export interface PlatformRate {
  platformId: string;
  nextSlotMs: number;
  rate: Rate;
}

/** A lane that may hand deletions out, as far as its own rate and quota go. */
export interface Wanting extends Allowance {
  merchantId: string;
  platformId: string;
  firstSlotMs: number;
  /** The distance of its slots. */
  stepMs: number;
}

export interface Dealt<Lane extends Wanting> {
  /** The lanes with what they may hand out: in all no more than the platform's rate allows. */
  offers: Lane[];
  /** When each lane that got nothing shall be looked at again: at the next slot that no lane before it wants. */
  notBefore: Map<string, Date>;
}

/** Deals the platforms' slots out to the lanes in their order. A lane whose platform has no rate keeps what it has. */
export function dealOut<Lane extends Wanting>(
  wanting: Lane[],
  rates: Map<string, PlatformRate>,
  now: Date,
): Dealt<Lane> {
  const left = new Map([...rates].map(([id, { nextSlotMs, rate }]) => [id, slotsAt(nextSlotMs, rate, now)]));
  const waiting = new Map<string, number>();
  const notBefore = new Map<string, Date>();
  const offers = wanting.map((lane): Lane => {
    const slots = left.get(lane.platformId);
    const platform = rates.get(lane.platformId);
    if (!slots || !platform || lane.total === 0) return lane;
    const total = Math.min(lane.total, slots.count);
    slots.count -= total;
    if (total === 0) {
      const place = waiting.get(lane.platformId) ?? 0;
      waiting.set(lane.platformId, place + 1);
      notBefore.set(lane.merchantId, new Date(nextFree(platform, now) + place * intervalMs(platform.rate)));
    }
    // The older of the two slots: a call has to keep both rates.
    const firstSlotMs = Math.min(lane.firstSlotMs, slots.firstMs);
    return { ...lane, total, normal: Math.min(lane.normal, total), firstSlotMs };
  });
  return { offers, notBefore };
}

/** Charges the platform for deletions of its merchants that left. */
export function chargePlatform(platform: PlatformRate, taken: number, now: Date): PlatformRate {
  if (taken === 0) return platform;
  const { firstMs } = slotsAt(platform.nextSlotMs, platform.rate, now);
  return { ...platform, nextSlotMs: firstMs + taken * intervalMs(platform.rate) };
}

/** The first slot that this look has not dealt out. */
function nextFree({ nextSlotMs, rate }: PlatformRate, now: Date): number {
  const { firstMs, count } = slotsAt(nextSlotMs, rate, now);
  return firstMs + count * intervalMs(rate);
}
