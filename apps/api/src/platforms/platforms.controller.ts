import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { AuditLog, type Actor, type Principal } from '@app/access';
import { PlatformHolds, type PlatformHoldView } from '@app/deletions';
import { currentRequestId, newRequestId } from '@app/logging';
import { ComponentTokens, Onboarding, Platforms, Reconciliation, type Platform } from '@app/merchants';
import { isEverything, type Scope } from '@app/scope';
import { AuditedCaller, Caller, Needs, refuseLimits, Unlimited } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { ProblemError } from '../http/problems/problem.js';
import { appidSchema } from '../http/requests/appid.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import {
  platformResource,
  platformSchema,
  reconciliationReportSchema,
  reconciliationResource,
  registerPlatformSchema,
  updatePlatformSchema,
  type RegisterPlatform,
  type UpdatePlatform,
} from './platform.js';

const platformListSchema = z.object({ data: z.array(platformSchema) });

@ApiTags('platforms')
@Controller('v1/platforms')
export class PlatformsController {
  constructor(
    private readonly platforms: Platforms,
    private readonly componentTokens: ComponentTokens,
    private readonly reconciliation: Reconciliation,
    private readonly holds: PlatformHolds,
    private readonly onboarding: Onboarding,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @MadeAt(({ component_appid }) => `/v1/platforms/${component_appid}`)
  @Needs('admin')
  @Unlimited()
  @SerializeOptions({ schema: platformSchema })
  @Operation({
    summary: 'Register a platform',
    description: 'Registers a platform and asks WeChat to push its ticket now rather than in ten minutes.',
    problems: ['platform_exists'],
    answers: { 201: { description: 'The platform, without its secrets.' } },
  })
  async register(
    @AuditedCaller() actor: Actor,
    @Body({ schema: registerPlatformSchema }) { component_appid: subjectId, ...body }: RegisterPlatform,
  ) {
    const platform = await this.platforms.register(
      subjectId,
      { ...settingsOf(body), appSecret: body.app_secret, token: body.token, encodingAesKey: body.encoding_aes_key },
      (tx) =>
        this.audit.append(tx, actor, {
          action: 'platform.registered',
          subjectType: 'platform',
          subjectId,
          tenant: { componentAppid: subjectId },
        }),
    );
    await this.componentTokens.askForTicket(platform);
    return this.resource(platform, actor);
  }

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: platformListSchema })
  @Operation({
    summary: 'List platforms',
    description: 'Those that the key may reach, without their secrets.',
    answers: { 200: { description: 'All of them.' } },
  })
  async list(@Caller() { scope }: Principal) {
    const platforms = await this.platforms.list(scope);
    const holds = await this.holds.of(platforms.map(({ id }) => id));
    return { data: platforms.map((platform) => this.seen(platform, holds, scope)) };
  }

  @Get(':componentAppid')
  @Needs('viewer')
  @SerializeOptions({ schema: platformSchema })
  @Operation({
    summary: 'Read a platform',
    description: 'With the age of its ticket, and whether its calls are held.',
    problems: ['platform_not_found'],
    answers: { 200: { description: 'The platform, without its secrets.' } },
  })
  async get(@Caller() caller: Principal, @Param('componentAppid', { schema: appidSchema }) componentAppid: string) {
    return this.resource(await this.platforms.get(caller.scope, componentAppid), caller);
  }

  @Patch(':componentAppid')
  @Needs('admin')
  @SerializeOptions({ schema: platformSchema })
  @Operation({
    summary: 'Change a platform',
    description:
      'Replaces what is given. A new encoding_aes_key keeps the old one as the previous key. With a key ' +
      'that is limited to platforms only app_secret may change: otherwise 403 `key_limited`.',
    problems: ['platform_not_found', 'key_limited'],
    answers: { 200: { description: 'The platform as it is now.' } },
  })
  async update(
    @AuditedCaller() actor: Actor,
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Body({ schema: updatePlatformSchema }) body: UpdatePlatform,
  ) {
    await this.find(actor, componentAppid);
    if (NOT_FOR_TENANTS.some((name) => body[name] !== undefined)) refuseLimits(actor.scope);
    const updated = await this.platforms.update(componentAppid, settingsOf(body), (tx) =>
      this.audit.append(tx, actor, {
        action: 'platform.updated',
        subjectType: 'platform',
        subjectId: componentAppid,
        tenant: { componentAppid },
        data: { changed: Object.keys(body).sort() },
      }),
    );
    return this.resource(updated, actor);
  }

  @Delete(':componentAppid')
  @HttpCode(204)
  @Needs('admin')
  @Unlimited()
  @Operation({
    summary: 'Delete a platform',
    description:
      'Takes a platform away that was registered by mistake. One that merchants have authorized stays: 409 ' +
      '`platform_has_merchants`.',
    problems: ['platform_not_found', 'platform_has_merchants'],
    answers: { 204: { description: 'It is gone.' } },
  })
  async delete(
    @AuditedCaller() actor: Actor,
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
  ): Promise<void> {
    await this.platforms.delete(componentAppid, (tx) =>
      this.audit.append(tx, actor, {
        action: 'platform.deleted',
        subjectType: 'platform',
        subjectId: componentAppid,
        tenant: { componentAppid },
      }),
    );
  }

  @Post(':componentAppid/sync')
  @HttpCode(200)
  @Needs('admin', 'works')
  @SerializeOptions({ schema: reconciliationReportSchema })
  @Operation({
    summary: 'Compare a platform with WeChat’s list',
    description:
      'Compares WeChat’s list of authorizers with the merchants here: adds and repairs, and takes nothing ' +
      'away. A key that is limited to platforms has it done once a minute for each of them: otherwise 429 ' +
      '`sync_too_soon`.',
    problems: [
      'platform_not_found',
      'key_limited',
      'sync_too_soon',
      'ticket_missing',
      'token_unavailable',
      'upstream_failed',
    ],
    answers: { 200: { description: 'What was found and mended.' } },
  })
  async sync(
    @AuditedCaller() actor: Actor,
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const platform = await this.find(actor, componentAppid);
    const waitSeconds = isEverything(actor.scope) ? 0 : await this.reconciliation.claim(platform.id);
    if (waitSeconds > 0) {
      void reply.header('retry-after', waitSeconds);
      throw new ProblemError('sync_too_soon', `The platform was compared a moment ago: wait ${waitSeconds} s.`);
    }
    await this.audit.appendAlone(actor, {
      action: 'platform.synced',
      subjectType: 'platform',
      subjectId: componentAppid,
      tenant: { componentAppid },
    });
    return reconciliationResource(await this.reconciliation.run(platform, currentRequestId() ?? newRequestId()));
  }

  private async resource(platform: Platform, { scope }: Pick<Principal, 'scope'>) {
    const holds = await this.holds.of([platform.id]);
    return this.seen(platform, holds, scope);
  }

  private seen(platform: Platform, holds: Map<string, PlatformHoldView>, scope: Scope) {
    return platformResource(
      platform,
      {
        hold: holds.get(platform.id),
        callbackUrls: this.onboarding.callbackUrls(platform),
        logoUrl: this.onboarding.logoUrl(platform),
      },
      scope,
    );
  }

  /** To change it, or to act on all of its merchants: a key that is limited to some of them may only look. */
  private async find({ scope }: Principal, componentAppid: string): Promise<Platform> {
    const platform = await this.platforms.get(scope, componentAppid);
    refuseLimits({ merchants: scope.merchants });
    return platform;
  }
}

/**
 * A tenant must not choose these. What is forwarded is sent from within the provider's network; whoever knows what pushes are signed
 * and sealed with can say in WeChat's name whose articles stand at which address; and a page at the provider's address lends its good
 * name to whatever it shows and leads to.
 */
const NOT_FOR_TENANTS = [
  'forward_urls',
  'token',
  'encoding_aes_key',
  'previous_encoding_aes_key',
  'provider_name',
  'provider_logo',
  'return_urls',
  'return_url',
] as const;

const settingsOf = (body: UpdatePlatform) => ({
  appSecret: body.app_secret,
  token: body.token,
  encodingAesKey: body.encoding_aes_key,
  previousEncodingAesKey: body.previous_encoding_aes_key,
  forwardUrls: body.forward_urls,
  providerName: body.provider_name,
  providerLogo: body.provider_logo,
  returnUrls: body.return_urls,
  returnUrl: body.return_url,
});
