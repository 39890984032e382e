import { Controller, Get, Logger, Param, Query, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import { ineligibleReasons, Onboarding } from '@app/merchants';
import { Public } from '../http/access.guard.js';
import { appidSchema } from '../http/appid.js';
import { toProblem } from '../http/error.filter.js';
import { textSchema } from '../http/text.js';
import { authorizePage, PAGE_HEADERS, problemPage, resultPage } from './pages.js';

const beginSchema = z.object({ ref: textSchema(200).min(1).optional() });

/** A parameter was once seen twice in WeChat's redirect: the first one counts. */
const once = z
  .union([z.string(), z.array(z.string()).transform((values) => values[0] ?? '')])
  .pipe(z.string().max(2_000));
const callbackSchema = z.object({ auth_code: once, state: once });

/** Where a merchant's admin comes from and goes back to. People look at these answers, so problems are pages too. */
@ApiExcludeController()
@Controller('authorize/:componentAppid')
@Public()
export class OnboardingController {
  private readonly logger = new Logger(OnboardingController.name);

  constructor(private readonly onboarding: Onboarding) {}

  @Get()
  async begin(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: beginSchema }) { ref }: z.output<typeof beginSchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.show(reply, async () => authorizePage(componentAppid, await this.onboarding.begin(componentAppid, ref)));
  }

  @Get('callback')
  async callback(
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Query({ schema: callbackSchema }) query: z.output<typeof callbackSchema>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    // The address holds the authorization code.
    void reply.header('referrer-policy', 'no-referrer');
    await this.show(reply, async () => {
      const merchant = await this.onboarding.complete(componentAppid, query.state, query.auth_code);
      this.logger.log('merchant onboarded', {
        authorizer_appid: merchant.authorizerAppid,
        permission_sets: merchant.permissionSets,
      });
      return resultPage(merchant, ineligibleReasons(merchant));
    });
  }

  private async show(reply: FastifyReply, render: () => Promise<string>): Promise<void> {
    try {
      await reply.headers(PAGE_HEADERS).send(await render());
    } catch (error) {
      const { status, title, code, detail, request_id } = toProblem(error);
      this.logger[code === 'internal_error' ? 'error' : 'warn']('authorization page failed', { code, error });
      await reply
        .status(status)
        .headers(PAGE_HEADERS)
        .send(problemPage(title, detail, request_id));
    }
  }
}
