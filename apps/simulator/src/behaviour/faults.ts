import { z } from 'zod';
import { OPERATION_NAMES } from './operation-names.js';
import type { SeededRandom } from './random.js';

/**
 * What the next calls are answered instead of, or after, what they asked for. Faults strike calls whose token is in
 * order, so the quota of the account is charged as for any call.
 */
export const faultSchema = z.strictObject({
  operation: z.enum(['*', ...OPERATION_NAMES]).default('*'),
  authorizer_appid: z.string().optional().describe('Only calls about this account'),
  component_appid: z.string().optional().describe('Only calls of this platform'),
  outcome: z
    .enum(['errcode', 'http', 'timeout', 'reset', 'garbage'])
    .describe('`timeout` never answers, `reset` resets the connection, `garbage` answers something that is not JSON'),
  errcode: z.int().default(-1),
  errmsg: z.string().optional(),
  http_status: z.int().min(200).max(599).default(502),
  takes_effect: z.boolean().default(false).describe('Whether the call does its work before it is answered like this'),
  delay_ms: z.int().min(0).default(0),
  times: z.int().min(1).default(1),
  probability: z.number().min(0).max(1).default(1),
});

export type Fault = z.infer<typeof faultSchema> & { id: number };

export class Faults {
  private readonly waiting: Fault[] = [];
  private nextId = 1;

  constructor(private readonly random: SeededRandom) {}

  add(fault: Omit<Fault, 'id'>): Fault {
    const added = { ...fault, id: this.nextId++ };
    this.waiting.push(added);
    return added;
  }

  list(): Fault[] {
    return this.waiting.map((fault) => ({ ...fault }));
  }

  remove(id: number): boolean {
    const index = this.waiting.findIndex((fault) => fault.id === id);
    if (index >= 0) this.waiting.splice(index, 1);
    return index >= 0;
  }

  clear(): void {
    this.waiting.length = 0;
  }

  /** The fault for this call, the oldest first; it is used up when it has struck `times` times. */
  take(operation: string, componentAppid: string | undefined, authorizerAppid: string | undefined): Fault | undefined {
    if (this.waiting.length === 0) return undefined;
    const fault = this.waiting.find(
      (one) =>
        (one.operation === '*' || one.operation === operation) &&
        (one.component_appid === undefined || one.component_appid === componentAppid) &&
        (one.authorizer_appid === undefined || one.authorizer_appid === authorizerAppid) &&
        (one.probability === 1 || this.random.chance(one.probability)),
    );
    if (fault && --fault.times === 0) this.remove(fault.id);
    return fault;
  }
}
