import { z } from 'zod';
import type { Simulation } from '../simulation/simulation.js';
import { OPERATION_NAMES } from '../behaviour/operation-names.js';
import type { CallCounters } from '../state/quotas.js';

export const quotasSchema = z
  .partialRecord(
    z.enum(OPERATION_NAMES),
    z.strictObject({
      daily_limit: z.int().min(0).optional(),
      minute_limit: z.int().min(0).optional(),
      used: z.int().min(0).optional().describe('Calls today'),
    }),
  )
  .describe('By operation, such as `{"mass/delete": {"used": 10}}`');
export type QuotasInput = z.infer<typeof quotasSchema>;

export function setQuotas(simulation: Simulation, counters: CallCounters, input: QuotasInput): void {
  for (const operation of OPERATION_NAMES) {
    const { daily_limit, minute_limit, used } = input[operation] ?? {};
    if (daily_limit !== undefined) counters.dailyLimits[operation] = daily_limit;
    if (minute_limit !== undefined) counters.minuteLimits[operation] = minute_limit;
    if (used !== undefined) simulation.quotas.setUsed(counters, operation, used, simulation.timeline.now());
  }
}

/** The counters of every operation that was called or has a limit of its own. */
export function quotasView(simulation: Simulation, counters: CallCounters) {
  const { byOperation, dailyLimits, minuteLimits } = counters;
  return Object.fromEntries(
    OPERATION_NAMES.filter((name) => byOperation.has(name) || name in dailyLimits || name in minuteLimits).map(
      (name) => {
        const usage = simulation.quotas.usage(counters, name, simulation.timeline.now());
        const minuteLimit = usage.minuteLimit === Infinity ? null : usage.minuteLimit;
        return [
          name,
          { daily_limit: usage.dailyLimit, used: usage.used, remain: usage.remain, minute_limit: minuteLimit },
        ];
      },
    ),
  );
}
