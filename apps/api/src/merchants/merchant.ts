import { z } from 'zod';
import type { LaneReport } from '@app/deletions';
import { ineligibleReasons, type Merchant } from '@app/merchants';
import { textSchema } from '../http/text.js';

export const updateMerchantSchema = z
  .strictObject({
    ref: textSchema(200).min(1).nullable(),
    rate_per_minute: z.int().min(1).max(100_000).nullable().meta({ description: 'Null: the deployment default.' }),
    daily_limit: z.int().min(0).max(10_000_000).nullable().meta({ description: 'Null: the deployment default.' }),
  })
  .partial()
  .meta({ id: 'UpdateMerchant' });
export type UpdateMerchant = z.output<typeof updateMerchantSchema>;

export const merchantSchema = z
  .object({
    appid: z.string(),
    component_appid: z.string(),
    ref: z.string().nullable(),
    state: z.enum(['authorized', 'unauthorized', 'reauthorization_required']),
    eligible: z.boolean(),
    ineligible_reasons: z.array(z.string()),
    permission_sets: z.array(z.int()),
    nick_name: z.string().nullable(),
    principal_name: z.string().nullable(),
    service_type: z.int().nullable(),
    verify_type: z.int().nullable(),
    account_status: z.int().nullable(),
    is_mini_program: z.boolean().nullable(),
    facts_read_at: z.string().nullable(),
    granted_at: z.string().nullable(),
    token_expires_at: z.string().nullable(),
    limits: z.object({ rate_per_minute: z.int(), daily_limit: z.int() }),
    quota: z.object({ used_today: z.int(), reserved_for_urgent: z.int(), resets_at: z.string() }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Merchant' });

export interface MerchantFacts {
  merchant: Merchant;
  componentAppid: string;
  tokenExpiresAt: Date | null;
  lane: LaneReport;
}

export function merchantResource({
  merchant,
  componentAppid,
  tokenExpiresAt,
  lane,
}: MerchantFacts): z.input<typeof merchantSchema> {
  const reasons = ineligibleReasons(merchant);
  return {
    appid: merchant.authorizerAppid,
    component_appid: componentAppid,
    ref: merchant.ref,
    state: merchant.state,
    eligible: reasons.length === 0,
    ineligible_reasons: reasons,
    permission_sets: merchant.permissionSets,
    nick_name: merchant.nickName,
    principal_name: merchant.principalName,
    service_type: merchant.serviceType,
    verify_type: merchant.verifyType,
    account_status: merchant.accountStatus,
    is_mini_program: merchant.isMiniProgram,
    facts_read_at: merchant.factsReadAt?.toISOString() ?? null,
    granted_at: merchant.grantedAt?.toISOString() ?? null,
    token_expires_at: tokenExpiresAt?.toISOString() ?? null,
    limits: { rate_per_minute: lane.ratePerMinute, daily_limit: lane.dailyLimit },
    quota: {
      used_today: lane.usedToday,
      reserved_for_urgent: lane.reservedForUrgent,
      resets_at: lane.resetsAt.toISOString(),
    },
    created_at: merchant.createdAt.toISOString(),
    updated_at: merchant.updatedAt.toISOString(),
  };
}
