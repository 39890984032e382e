import { z } from 'zod';
import type { LaneReport } from '@app/deletions';
import {
  areFactsUnknown,
  eligibilityWarnings,
  ineligibleReasonCodes,
  merchantStates,
  warningCodes,
  type Merchant,
} from '@app/merchants';
import { eventPatternSchema } from '../events/event.js';
import { appidSchema } from '../http/requests/appid.js';
import { pageSchema, wordsSchema } from '../http/requests/page.js';
import { textSchema } from '../http/requests/text.js';

export const updateMerchantSchema = z
  .strictObject({
    ref: textSchema(200).min(1).nullable(),
    rate_per_minute: z.int().min(1).max(100_000).nullable().meta({ description: 'Null: the deployment default.' }),
    daily_limit: z.int().min(0).max(10_000_000).nullable().meta({ description: 'Null: the deployment default.' }),
  })
  .partial()
  .meta({ id: 'UpdateMerchant', examples: [{ ref: 'shop 7', rate_per_minute: 30, daily_limit: null }] });
export type UpdateMerchant = z.output<typeof updateMerchantSchema>;

const stateSchema = z.enum(merchantStates);

export const listMerchantsSchema = pageSchema.extend({
  eligible: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .optional()
    .meta({
      description:
        'false: those whose messages cannot be taken back; each says why. true: all others, also those with ' +
        'warnings and those with facts_unknown.',
    }),
  facts_unknown: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .optional()
    .meta({ description: 'true: those of which WeChat has told nothing yet.' }),
  state: stateSchema.optional(),
  reason: z.enum(ineligibleReasonCodes).optional().meta({ description: 'One of its `ineligible_reasons`.' }),
  component_appid: appidSchema.optional(),
  ref: textSchema(200).min(1).optional(),
  q: wordsSchema.optional().meta({
    description: 'Words within nick_name, principal_name, ref, the appid or the user_name (`gh_…`), or a whole appid.',
  }),
  format: z.enum(['json', 'csv']).optional().meta({ description: 'Goes before the Accept header.' }),
});
export type ListMerchants = z.output<typeof listMerchantsSchema>;

const quotaSchema = z.object({
  used_today: z.int(),
  reserved_for_urgent: z.int(),
  resets_at: z.string(),
  clears_left: z.int().meta({ description: 'How often it can still be cleared this month, as far as is known here.' }),
});

export const merchantSchema = z
  .object({
    appid: z.string(),
    component_appid: z.string(),
    ref: z.string().nullable(),
    state: stateSchema,
    eligible: z.boolean().meta({
      description:
        'Whether deletions are accepted: nothing that is known speaks against them. With facts_unknown they wait.',
    }),
    ineligible_reasons: z.array(z.enum(ineligibleReasonCodes)),
    eligibility_warnings: z.array(z.object({ code: z.enum(warningCodes), detail: z.string() })).meta({
      description: 'What may make WeChat refuse, and is no reason not to ask it. Deletions are accepted.',
    }),
    facts_unknown: z.boolean().meta({
      description:
        'WeChat has not told yet what kind of account this is and what it granted, as just after a sync. ' +
        'Deletions are accepted and wait until it has.',
    }),
    reauthorize_url: z.string().meta({ description: 'A page from which this account can authorize again.' }),
    permission_sets: z.array(z.int()).meta({ description: 'Empty, too, while nobody knows them: see facts_unknown.' }),
    nick_name: z.string().nullable(),
    principal_name: z.string().nullable(),
    service_type: z.int().nullable(),
    verify_type: z.int().nullable(),
    account_status: z.int().nullable(),
    is_mini_program: z.boolean().nullable(),
    facts_read_at: z.string().nullable(),
    granted_at: z.string().nullable(),
    token_expires_at: z.string().nullable(),
    limits: z.object({
      rate_per_minute: z.int().meta({ description: 'As configured.' }),
      current_rate_per_minute: z
        .number()
        .meta({ description: 'Less while WeChat allows less, or has said lately that calls come too fast.' }),
      daily_limit: z.int(),
      learned_daily_limit: z.int().nullable().meta({ description: "WeChat's own number, once it was asked." }),
      learned_at: z.string().nullable(),
    }),
    quota: quotaSchema,
    token_conflict: z
      .object({
        kind: z.enum(['fresh_refused', 'void_early']).meta({
          description:
            '`fresh_refused`: tokens are refused as soon as they are minted; deletions wait until ' +
            '`next_try_at`. `void_early`: tokens work, and were void before their time three times within the ' +
            'last hour; deletions go on.',
        }),
        since: z.string(),
        next_try_at: z.string().nullable(),
      })
      .nullable()
      .meta({ description: 'While another system mints access tokens for this account.' }),
    pending: z.int().meta({ description: 'Deletions that wait in its lane.' }),
    eta: z.string().nullable().meta({ description: 'When the last of them will leave it, as things stand.' }),
    created_at: z.string(),
    updated_at: z.string(),
  })
  .meta({ id: 'Merchant' });

/** The one answer of this service that holds a token. */
export const accessTokenSchema = z
  .object({
    access_token: z.string(),
    expires_in: z.int().meta({ description: 'Seconds from now.' }),
    expires_at: z.string(),
  })
  .meta({ id: 'AccessToken' });

export interface MerchantFacts {
  merchant: Merchant;
  componentAppid: string;
  tokenExpiresAt: Date | null;
  lane: LaneReport;
  reauthorizeUrl: string;
}

export function merchantResource({
  merchant,
  componentAppid,
  tokenExpiresAt,
  lane,
  reauthorizeUrl,
}: MerchantFacts): z.input<typeof merchantSchema> {
  const { ineligibleReasons: reasons } = merchant;
  return {
    appid: merchant.authorizerAppid,
    component_appid: componentAppid,
    ref: merchant.ref,
    state: merchant.state,
    eligible: reasons.length === 0,
    ineligible_reasons: reasons,
    eligibility_warnings: eligibilityWarnings(merchant),
    facts_unknown: areFactsUnknown(merchant),
    reauthorize_url: reauthorizeUrl,
    permission_sets: merchant.permissionSets ?? [],
    nick_name: merchant.nickName,
    principal_name: merchant.principalName,
    service_type: merchant.serviceType,
    verify_type: merchant.verifyType,
    account_status: merchant.accountStatus,
    is_mini_program: merchant.isMiniProgram,
    facts_read_at: merchant.factsReadAt?.toISOString() ?? null,
    granted_at: merchant.grantedAt?.toISOString() ?? null,
    token_expires_at: tokenExpiresAt?.toISOString() ?? null,
    limits: {
      rate_per_minute: lane.ratePerMinute,
      current_rate_per_minute: lane.currentRatePerMinute,
      daily_limit: lane.dailyLimit,
      learned_daily_limit: lane.learnedDailyLimit,
      learned_at: lane.learnedAt?.toISOString() ?? null,
    },
    quota: {
      used_today: lane.usedToday,
      reserved_for_urgent: lane.reservedForUrgent,
      resets_at: lane.resetsAt.toISOString(),
      clears_left: lane.clearsLeft,
    },
    token_conflict: lane.tokenConflict && {
      kind: lane.tokenConflict.kind,
      since: lane.tokenConflict.since.toISOString(),
      next_try_at: lane.tokenConflict.nextTryAt?.toISOString() ?? null,
    },
    pending: lane.pending,
    eta: lane.eta?.toISOString() ?? null,
    created_at: merchant.createdAt.toISOString(),
    updated_at: merchant.updatedAt.toISOString(),
  };
}

/** Needed only where the same account has authorized several platforms. */
export const platformChoiceSchema = z.strictObject({ component_appid: appidSchema.optional() });
export type PlatformChoice = z.output<typeof platformChoiceSchema>;

export const listMerchantEventsSchema = pageSchema.extend({
  ...platformChoiceSchema.shape,
  type: eventPatternSchema.optional(),
});
export type ListMerchantEvents = z.output<typeof listMerchantEventsSchema>;
