import { Controller, Get, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IssuedKeys, type Principal } from '@app/access';
import { Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { apiKeyResource, apiKeySchema } from './api-key.js';

@ApiTags('API keys')
@Controller('v1/me')
export class MeController {
  constructor(private readonly keys: IssuedKeys) {}

  @Get()
  @Needs('any')
  @SerializeOptions({ schema: apiKeySchema })
  @Operation({
    summary: 'Read the key that asks',
    description: 'Who am I: the key’s name, its role, what it is limited to, and when it ends.',
    answers: { 200: { description: 'The key.' } },
  })
  async get(@Caller() { apiKeyId, scope }: Principal) {
    return apiKeyResource(await this.keys.get(scope, apiKeyId));
  }
}
