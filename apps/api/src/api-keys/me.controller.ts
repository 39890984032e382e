import { Controller, Get, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { IssuedKeys, type Principal } from '@app/access';
import { Caller, Needs } from '../http/access/access.guard.js';
import { apiKeyResource, apiKeySchema } from './api-key.js';

@ApiTags('API keys')
@Controller('v1/me')
export class MeController {
  constructor(private readonly keys: IssuedKeys) {}

  /** The key that asks: its name, its role, what it is limited to, and when it ends. */
  @Get()
  @Needs('any')
  @SerializeOptions({ schema: apiKeySchema })
  async get(@Caller() { apiKeyId, scope }: Principal) {
    return apiKeyResource(await this.keys.get(scope, apiKeyId));
  }
}
