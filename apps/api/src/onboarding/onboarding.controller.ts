import {
  Controller,
  Get,
  HttpCode,
  Inject,
  Logger,
  NotFoundException,
  Param,
  Post,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { v4 as uuidv4 } from 'uuid';
import { z } from 'zod';
import { AuditLog, type Actor, type Role } from '@app/access';
import { currentRequestId, newRequestId } from '@app/logging';
import { Onboarding, Platforms, TooManyAuthorizations, type NamedMerchant, type Platform } from '@app/merchants';
import { EVERYTHING } from '@app/scope';
import { languages } from '@app/words';
import { Public } from '../http/access/access.guard.js';
import { appidSchema } from '../http/requests/appid.js';
import { networkOf } from '../http/access/network.js';
import { RateLimit } from '../http/access/rate-limit.js';
import { PICTURE_POLICY } from '../http/server/security-headers.js';
import { PageFilter } from './page.filter.js';
import { languageOf } from './page-language.js';
import { beginPage, FORM_PAGE_HEADERS, PAGE_HEADERS, resultPage, wechatPage, type Frame } from './pages.js';
import { NoPrefetch } from './prefetch.js';

/** Other parameters, a `ref` among them, mean nothing: the page opens all the same. */
const visitSchema = z.object({
  /** The signed part of a link that was issued. */
  link: z.string().max(200).optional(),
  /** Offers this one account only. */
  biz_appid: appidSchema.optional(),
  /** Tells one opening of the page from another, so that a click that is repeated costs nothing. */
  visit: z.uuid().optional(),
  /** The language that the page's switch has chosen. */
  lang: z.enum(languages).optional().catch(undefined),
});
type VisitQuery = z.output<typeof visitSchema>;

/** A parameter was once seen twice in WeChat's redirect: the first one counts. */
const once = z
  .union([z.string(), z.array(z.string()).transform((values) => values[0] ?? '')])
  .pipe(z.string().max(2_000));
const callbackSchema = z.object({ auth_code: once, state: once });

/**
 * WeChat's page opens only where a click on the launch domain leads to it, which the referrer tells; its path is not
 * needed.
 */
const TELLS_ORIGIN = { 'referrer-policy': 'strict-origin' };

/** The clicks without a link that an address may make in a minute. */
export const CLICK_LIMIT = Symbol('ClickLimit');

/**
 * Where a merchant's admin comes from and goes back to. To look at the page costs nothing, whoever looks; the click
 * costs one of the calls that WeChat gives the platform for a day.
 */
@ApiExcludeController()
@Controller('authorize/:componentAppid')
@Public()
@UseGuards(NoPrefetch)
@UseFilters(PageFilter)
export class OnboardingController {
  private readonly logger = new Logger(OnboardingController.name);

  constructor(
    private readonly onboarding: Onboarding,
    private readonly platforms: Platforms,
    private readonly audit: AuditLog,
    @Inject(CLICK_LIMIT) private readonly clicks: RateLimit,
  ) {}

  @Get()
  async show(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: visitSchema }) query: VisitQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const visit = { link: query.link, bizAppid: query.biz_appid };
    const { platform } = await this.onboarding.welcome(componentAppid, visit);
    void reply.headers({ ...FORM_PAGE_HEADERS, ...TELLS_ORIGIN });
    return beginPage(this.frame(request, platform), componentAppid, { ...query, visit: uuidv4() });
  }

  /** The provider's, for the pages. */
  @Get('logo')
  async logo(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Buffer> {
    const logo = await this.platforms.logo(componentAppid);
    if (!logo) throw new NotFoundException();
    void reply.headers({
      'content-type': logo.type,
      'content-security-policy': PICTURE_POLICY,
      'cache-control': 'public, max-age=300',
    });
    return logo.bytes;
  }

  /**
   * The click. There is no session that another site could ride on: the most that a form of theirs could do is to have
   * its visitors spend clicks, so theirs open the page instead.
   */
  @Post()
  @HttpCode(200)
  async begin(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: visitSchema }) query: VisitQuery,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    if (request.headers['sec-fetch-site'] === 'cross-site') return this.show(componentAppid, query, request, reply);
    if (query.link === undefined) this.countClick(request.ip);
    const visitor = await this.onboarding.welcome(componentAppid, { link: query.link, bizAppid: query.biz_appid });
    const links = await this.onboarding.begin(visitor, query.visit ?? uuidv4(), { lang: query.lang });
    void reply.headers({ ...PAGE_HEADERS, ...TELLS_ORIGIN });
    return wechatPage(this.frame(request, visitor.platform), componentAppid, links);
  }

  @Get('callback')
  async callback(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: callbackSchema }) query: z.output<typeof callbackSchema>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const { platform, merchant, returnUrl } = await this.onboarding.complete(
      componentAppid,
      query.state,
      query.auth_code,
      (tx, named) => this.audit.append(tx, issuerOf(named, request.ip), naming(componentAppid, named)),
    );
    this.logger.log('merchant onboarded', {
      authorizer_appid: merchant.authorizerAppid,
      permission_sets: merchant.permissionSets,
    });
    void reply.headers(PAGE_HEADERS);
    const again = this.onboarding.reauthorizeUrl(componentAppid, merchant.authorizerAppid);
    return resultPage(this.frame(request, platform), merchant, merchant.ineligibleReasons, { again, returnUrl });
  }

  private frame(request: FastifyRequest, platform: Platform): Frame {
    return { language: languageOf(request), provider: this.onboarding.provider(platform) };
  }

  private countClick(ip: string): void {
    const allowance = this.clicks.take(networkOf(ip), Date.now());
    if (allowance?.isExceeded) throw new TooManyAuthorizations(allowance.resetSeconds);
  }
}

/**
 * The link acts for the key that issued it, with the role that the key had; the address is that of the merchant's
 * admin.
 */
const issuerOf = ({ link }: NamedMerchant, ip: string): Actor => ({
  apiKeyId: link.issuedBy,
  // As it was written from the key itself.
  role: link.issuerRole as Role,
  scope: EVERYTHING,
  tenant: null,
  expiresAt: null,
  requestId: currentRequestId() ?? newRequestId(),
  ip,
});

const naming = (componentAppid: string, { merchant, link }: NamedMerchant) =>
  ({
    action: 'merchant.ref_changed',
    subjectType: 'merchant',
    subjectId: merchant.authorizerAppid,
    tenant: { componentAppid, authorizerAppid: merchant.authorizerAppid },
    data: { merchant_id: merchant.id, ref: link.ref, authorization_link: link.id },
  }) as const;
