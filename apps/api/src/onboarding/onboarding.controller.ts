import { Controller, Get, Logger, Param, Query, Res, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { Onboarding } from '@app/merchants';
import { Public } from '../http/access.guard.js';
import { appidSchema } from '../http/appid.js';
import { textSchema } from '../http/text.js';
import { PageFilter } from './page.filter.js';
import { authorizePage, PAGE_HEADERS, resultPage } from './pages.js';

const beginSchema = z.object({
  ref: textSchema(200).min(1).optional(),
  /** Offers this one account only. */
  biz_appid: appidSchema.optional(),
});

/** A parameter was once seen twice in WeChat's redirect: the first one counts. */
const once = z
  .union([z.string(), z.array(z.string()).transform((values) => values[0] ?? '')])
  .pipe(z.string().max(2_000));
const callbackSchema = z.object({ auth_code: once, state: once });

/** Where a merchant's admin comes from and goes back to. */
@ApiExcludeController()
@Controller('authorize/:componentAppid')
@Public()
@UseFilters(PageFilter)
export class OnboardingController {
  private readonly logger = new Logger(OnboardingController.name);

  constructor(private readonly onboarding: Onboarding) {}

  @Get()
  async begin(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: beginSchema }) { ref, biz_appid }: z.output<typeof beginSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const links = await this.onboarding.begin(componentAppid, ref, biz_appid);
    // WeChat's page opens only where a click on the launch domain leads to it, which the referrer tells; its path is not needed.
    void reply.headers({ ...PAGE_HEADERS, 'referrer-policy': 'strict-origin' });
    return authorizePage(componentAppid, links);
  }

  @Get('callback')
  async callback(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: callbackSchema }) query: z.output<typeof callbackSchema>,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<string> {
    const merchant = await this.onboarding.complete(componentAppid, query.state, query.auth_code);
    this.logger.log('merchant onboarded', {
      authorizer_appid: merchant.authorizerAppid,
      permission_sets: merchant.permissionSets,
    });
    void reply.headers(PAGE_HEADERS);
    const again = this.onboarding.reauthorizeUrl(componentAppid, merchant.authorizerAppid);
    return resultPage(merchant, merchant.ineligibleReasons, again);
  }
}
