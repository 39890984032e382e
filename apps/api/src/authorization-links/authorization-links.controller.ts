import { Body, Controller, Header, Post, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AuditLog, Idempotency, type Actor } from '@app/access';
import { AuthorizationLinks, Onboarding } from '@app/merchants';
import { AuditedCaller, Needs, refuseLimits } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { IdempotencyKey, tellRepeat } from '../http/requests/idempotency-key.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import {
  authorizationLinkSchema,
  issueLinkSchema,
  unsignedResource,
  type AuthorizationLinkResource,
  type IssueLink,
} from './authorization-link.js';

@ApiTags('authorization links')
@Controller('v1/authorization-links')
export class AuthorizationLinksController {
  constructor(
    private readonly links: AuthorizationLinks,
    private readonly onboarding: Onboarding,
    private readonly idempotency: Idempotency,
    private readonly audit: AuditLog,
  ) {}

  @Post()
  @MadeAt(({ platform, url = '' }) => `/authorize/${platform}${new URL(url).search}`)
  @Needs('operator')
  @Header('cache-control', 'no-store')
  @SerializeOptions({ schema: authorizationLinkSchema })
  @Operation({
    summary: 'Issue an authorization link',
    description:
      'A signed link to the authorization page, to send to a merchant’s admin. Whoever authorizes by it ' +
      'gets its `ref`, unless the merchant has one already. A key that is limited to merchants names the ' +
      'one that the link is for: otherwise 403 `key_limited`.',
    problems: ['key_limited', 'platform_not_found', 'merchant_not_found', 'return_url_not_allowed'],
    answers: { 201: { description: 'The link.' } },
    repeats: 'The same key and body get the same link.',
  })
  async issue(
    @AuditedCaller() actor: Actor,
    @Body({ schema: issueLinkSchema }) body: IssueLink,
    @IdempotencyKey() key: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<AuthorizationLinkResource> {
    const { apiKeyId, role, scope, tenant } = actor;
    const { platform, ref, merchant } = body;
    if (merchant === null) refuseLimits({ merchants: scope.merchants });
    const request = { apiKeyId, key, fingerprint: ['POST /v1/authorization-links', body] };
    const answer = await this.idempotency.run(request, async (tx) => {
      const link = await this.links.issue(tx, scope, platform, {
        ref,
        authorizerAppid: merchant,
        returnUrl: body.return_url,
        isSingleUse: body.single_use,
        expiresInSeconds: body.expires_in,
        issuedBy: apiKeyId,
        issuerRole: role,
        issuerTenant: tenant,
      });
      const resource = unsignedResource(platform, link);
      const { id: _id, platform: _platform, merchant: _merchant, created_at: _createdAt, ...data } = resource;
      await this.audit.append(tx, actor, {
        action: 'authorization_link.issued',
        subjectType: 'authorization_link',
        subjectId: link.id,
        tenant: { componentAppid: platform, authorizerAppid: merchant ?? undefined },
        data,
      });
      return { status: 201, body: resource };
    });
    tellRepeat(reply, answer);
    return { ...answer.body, url: this.onboarding.linkUrl(platform, answer.body.id) };
  }
}
