import { Controller, HttpCode, Param, Post, Res, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AuditLog, type Actor } from '@app/access';
import { PlatformDoctor, Platforms } from '@app/merchants';
import { AuditedCaller, Needs, refuseLimits } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { ProblemError } from '../http/problems/problem.js';
import { appidSchema } from '../http/requests/appid.js';
import { examinationOf, examinationSchema } from './doctor.js';

@ApiTags('platforms')
@Controller('v1/platforms')
export class PlatformsDoctorController {
  constructor(
    private readonly platforms: Platforms,
    private readonly doctor: PlatformDoctor,
    private readonly audit: AuditLog,
  ) {}

  @Post(':componentAppid/doctor')
  @HttpCode(200)
  @Needs('operator', 'works')
  @SerializeOptions({ schema: examinationSchema })
  @Operation({
    summary: 'Examine a platform',
    description:
      'Looks for what keeps a platform from working: whether pushes arrive, the ticket is fresh and a token can be had, ' +
      'whether this machine is on the list of addresses, the clocks agree, and merchants are as WeChat lists them. It ' +
      'makes one call to WeChat, two where no token is held, and is done once a minute for a platform: otherwise 429 ' +
      '`examined_too_soon`.',
    problems: ['platform_not_found', 'key_limited', 'examined_too_soon'],
    answers: { 200: { description: 'What was found, check by check.' } },
  })
  async examine(
    @AuditedCaller() actor: Actor,
    @Param('componentAppid', { schema: appidSchema }) componentAppid: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const platform = await this.platforms.get(actor.scope, componentAppid);
    refuseLimits({ merchants: actor.scope.merchants });
    const waitSeconds = await this.doctor.claim(platform.id);
    if (waitSeconds > 0) {
      void reply.header('retry-after', waitSeconds);
      throw new ProblemError('examined_too_soon', `The platform was examined a moment ago: wait ${waitSeconds} s.`);
    }
    await this.audit.appendAlone(actor, {
      action: 'platform.examined',
      subjectType: 'platform',
      subjectId: componentAppid,
      tenant: { componentAppid },
    });
    return examinationOf(await this.doctor.examine(platform));
  }
}
