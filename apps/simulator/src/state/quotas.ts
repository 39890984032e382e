import type { OperationName } from '../behaviour/operation-names.js';
import type { Settings } from '../behaviour/settings.js';
import { shanghaiDay } from './timeline.js';

interface Counter {
  day: number;
  usedToday: number;
  minute: number;
  usedThisMinute: number;
}

/** Calls of one account or platform, by operation, and the limits that are its own. */
export interface CallCounters {
  byOperation: Map<OperationName, Counter>;
  dailyLimits: Partial<Record<OperationName, number>>;
  minuteLimits: Partial<Record<OperationName, number>>;
}

export const newCounters = (): CallCounters => ({ byOperation: new Map(), dailyLimits: {}, minuteLimits: {} });

/** Calls a day. Documented for a new account, except where the number is nowhere published. */
const DAILY_LIMITS: Partial<Record<OperationName, number>> = {
  'mass/delete': 10,
  'mass/sendall': 100,
  'mass/send': 100,
  'message/custom/send': 500_000,
  api_component_token: 10_000,
  // Limits exist, numbers are not published.
  api_create_preauthcode: 1_000_000,
  api_query_auth: 1_000_000,
  api_authorizer_token: 1_000_000,
  api_get_authorizer_info: 1_000_000,
  api_get_authorizer_list: 1_000_000,
};
const OTHER_DAILY_LIMIT = 1_000_000;
/** As quota/get was seen to answer for an account. */
const MINUTE_LIMIT = 5600;

export interface Usage {
  dailyLimit: number;
  used: number;
  remain: number;
  minuteLimit: number;
}

/** Daily and minute limits. Both start anew at 00:00 Asia/Shanghai; calls that fail count as well. */
export class Quotas {
  constructor(private readonly settings: () => Settings) {}

  /** Counts a call, or says which limit forbids it. A forbidden call is not counted. */
  charge(counters: CallCounters, operation: OperationName, now: number): 'charged' | 'day_spent' | 'minute_spent' {
    const counter = this.counterAt(counters, operation, now);
    if (counter.usedToday >= this.dailyLimit(counters, operation)) return 'day_spent';
    if (counter.usedThisMinute >= this.minuteLimit(counters, operation)) return 'minute_spent';
    counter.usedToday++;
    counter.usedThisMinute++;
    return 'charged';
  }

  usage(counters: CallCounters, operation: OperationName, now: number): Usage {
    const used = this.counterAt(counters, operation, now).usedToday;
    const dailyLimit = this.dailyLimit(counters, operation);
    return {
      dailyLimit,
      used,
      remain: Math.max(0, dailyLimit - used),
      minuteLimit: this.minuteLimit(counters, operation),
    };
  }

  setUsed(counters: CallCounters, operation: OperationName, used: number, now: number): void {
    this.counterAt(counters, operation, now).usedToday = used;
  }

  clear(counters: CallCounters, operation?: OperationName): void {
    if (operation === undefined) counters.byOperation.clear();
    else counters.byOperation.delete(operation);
  }

  private dailyLimit(counters: CallCounters, operation: OperationName): number {
    return (
      counters.dailyLimits[operation] ??
      this.settings().daily_limits[operation] ??
      DAILY_LIMITS[operation] ??
      OTHER_DAILY_LIMIT
    );
  }

  private minuteLimit(counters: CallCounters, operation: OperationName): number {
    // A platform makes its calls for all of its accounts: nothing is known of a minute limit there.
    const standard = operation.startsWith('api_') ? Infinity : MINUTE_LIMIT;
    return counters.minuteLimits[operation] ?? this.settings().minute_limits[operation] ?? standard;
  }

  private counterAt({ byOperation }: CallCounters, operation: OperationName, now: number): Counter {
    const day = shanghaiDay(now);
    const minute = Math.floor(now / 60_000);
    let counter = byOperation.get(operation);
    if (!counter) {
      counter = { day, usedToday: 0, minute, usedThisMinute: 0 };
      byOperation.set(operation, counter);
    }
    if (counter.day !== day) Object.assign(counter, { day, usedToday: 0 });
    if (counter.minute !== minute) Object.assign(counter, { minute, usedThisMinute: 0 });
    return counter;
  }
}
