import { BadRequestException, Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { Refusal } from '../state/refusal.js';
import { Simulation } from '../simulation/simulation.js';
import { findMerchant, findPlatform } from './find.js';
import { grantView, pushView } from './views.js';

const consentSchema = z.strictObject({
  link: z.url().optional().describe('Authorization link: brings platform, pre-auth code, redirect_uri'),
  component_appid: z.string().optional().describe('Without a link'),
  authorizer_appid: z.string(),
  permission_sets: z.array(z.int()).optional().describe('Default: the `consent` of the account'),
  follow_redirect: z
    .boolean()
    .default(false)
    .describe('Also open the redirect as the browser would, and tell its status'),
});
type Consent = z.infer<typeof consentSchema>;

const tokensSchema = z.strictObject({
  action: z
    .enum(['issue_token', 'expire_tokens', 'lose_tokens', 'rotate_refresh_token', 'lose_refresh_token'])
    .describe(
      '`issue_token`: a new token, as api_authorizer_token gives it · `expire_tokens`: 42001 · `lose_tokens`: 40001 · `rotate_refresh_token`: the old one works a little longer · `lose_refresh_token`: replaced, the old one is 61023 at once',
    ),
});
type Tokens = z.infer<typeof tokensSchema>;

const silentSchema = z.object({ silent: z.stringbool().default(false) });

/** What an account's admin does: authorize without clicking through the page, and cancel. */
@ApiTags('authorizations')
@Controller('_control')
export class ConsentsController {
  constructor(private readonly simulation: Simulation) {}

  @ApiOperation({ summary: 'Authorizes as the admin would, without clicking through the page' })
  @Post('consents')
  @HttpCode(200)
  async consent(@Body({ schema: consentSchema }) input: Consent) {
    const { simulation } = this;
    const link = input.link === undefined ? undefined : new URL(input.link).searchParams;
    const platform = findPlatform(simulation, link?.get('component_appid') ?? input.component_appid ?? '');
    const merchant = findMerchant(simulation, input.authorizer_appid);
    const preAuthCode = link && simulation.authorizations.findPreAuthCode(platform, link.get('pre_auth_code') ?? '');
    if (link && !preAuthCode) throw new BadRequestException('The pre-auth code is unknown, used or expired');
    if (!simulation.authorizations.mayAuthorize(platform, merchant)) {
      throw new BadRequestException('61028: the platform is not published and the account is not on its test list');
    }
    const consent = simulation.consent(platform, merchant, preAuthCode, input.permission_sets);
    const redirectUri = link?.get('redirect_uri') ?? undefined;
    const redirectUrl = redirectUri === undefined ? undefined : simulation.redirectUrl(redirectUri, consent.authCode);
    return {
      grant: grantView(consent.grant),
      auth_code: consent.authCode.value,
      expires_in: simulation.settings.auth_code_lifetime_s,
      pushed: consent.change === 'unchanged' ? null : consent.change,
      redirect_url: redirectUrl ?? null,
      ...(input.follow_redirect && redirectUrl ? { redirect: await open(redirectUrl) } : {}),
    };
  }

  @ApiOperation({ summary: 'What an account granted to a platform' })
  @Get('platforms/:component_appid/authorizers/:authorizer_appid')
  grant(
    @Param('component_appid', { schema: z.string() }) componentAppid: string,
    @Param('authorizer_appid', { schema: z.string() }) authorizerAppid: string,
  ) {
    return grantView(this.findGrant(componentAppid, authorizerAppid));
  }

  @ApiOperation({ summary: 'The admin takes the authorization back; `?silent=true` as if WeChat had lost the event' })
  @Post('platforms/:component_appid/authorizers/:authorizer_appid/deauthorize')
  @HttpCode(200)
  async deauthorize(
    @Param('component_appid', { schema: z.string() }) componentAppid: string,
    @Param('authorizer_appid', { schema: z.string() }) authorizerAppid: string,
    @Query({ schema: silentSchema }) { silent }: z.infer<typeof silentSchema>,
  ) {
    const grant = this.findGrant(componentAppid, authorizerAppid);
    if (!grant.isActive) throw new BadRequestException(new Refusal(61003).message);
    if (silent) {
      this.simulation.authorizations.deauthorize(grant.platform, authorizerAppid);
      return { push: null };
    }
    const push = await this.simulation.deauthorize(grant.platform, authorizerAppid);
    return { push: push ? pushView(push) : null };
  }

  @ApiOperation({ summary: "Expires, loses, rotates or issues an account's tokens" })
  @Post('platforms/:component_appid/authorizers/:authorizer_appid/tokens')
  @HttpCode(200)
  tokens(
    @Param('component_appid', { schema: z.string() }) componentAppid: string,
    @Param('authorizer_appid', { schema: z.string() }) authorizerAppid: string,
    @Body({ schema: tokensSchema }) { action }: Tokens,
  ) {
    const grant = this.findGrant(componentAppid, authorizerAppid);
    if (action !== 'issue_token') {
      this.simulation.credentials.spoilGrant(grant, action);
      return grantView(grant);
    }
    const token = this.simulation.credentials.issueAuthorizerToken(grant);
    return { authorizer_access_token: token.value, expires_in: this.simulation.settings.token_lifetime_s };
  }

  private findGrant(componentAppid: string, authorizerAppid: string) {
    const grant = findPlatform(this.simulation, componentAppid).grants.get(
      findMerchant(this.simulation, authorizerAppid).appid,
    );
    if (!grant) throw new BadRequestException('This account never authorized this platform');
    return grant;
  }
}

async function open(url: string): Promise<{ status: number; location: string | null }> {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(10_000) });
  await response.body?.cancel();
  return { status: response.status, location: response.headers.get('location') };
}
