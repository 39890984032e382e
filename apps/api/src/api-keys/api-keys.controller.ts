import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  SerializeOptions,
} from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { IssuedKeys, type Actor, type Principal } from '@app/access';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { Operation } from '../http/open-api/operation.js';
import { MadeAt } from '../http/requests/location.interceptor.js';
import { pageOf, pageOfSchema, pageSchema } from '../http/requests/page.js';
import {
  apiKeyResource,
  apiKeySchema,
  createApiKeySchema,
  newApiKeySchema,
  updateApiKeySchema,
  type CreateApiKey,
  type UpdateApiKey,
} from './api-key.js';

const idSchema = z.uuid('must be an id that this API gave');

@ApiTags('API keys')
@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: IssuedKeys) {}

  @Post()
  @MadeAt(({ id }) => `/v1/api-keys/${id}`)
  @Header('cache-control', 'no-store')
  @Needs('admin')
  @SerializeOptions({ schema: newApiKeySchema })
  @Operation({
    summary: 'Issue an API key',
    description:
      'The answer is the only place where the key itself stands: a repeated request makes another one. A ' +
      'key gives no more than it has: a key with limits issues keys within these only.',
    problems: ['limits_too_wide', 'api_keys_too_many'],
    answers: { 201: { description: 'The new key, with the key itself.' } },
  })
  async create(
    @AuditedCaller() actor: Actor,
    @Body({ schema: createApiKeySchema }) { expires_at: expiresAt, ...wish }: CreateApiKey,
  ) {
    const { key, issued } = await this.keys.issue(actor, { ...wish, expiresAt });
    return { ...apiKeyResource(issued), key };
  }

  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(apiKeySchema) })
  @Operation({
    summary: 'List API keys',
    description: 'Newest first, also those that work no more.',
    answers: { 200: { description: 'A page of keys.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: pageSchema }) query: z.output<typeof pageSchema>) {
    const found = await this.keys.list(scope, { limit: query.limit + 1, after: query.cursor });
    return pageOf(found, query.limit, apiKeyResource);
  }

  @Get(':id')
  @Needs('admin')
  @SerializeOptions({ schema: apiKeySchema })
  @Operation({
    summary: 'Read an API key',
    description: 'Without the key itself, which is stored nowhere.',
    problems: ['api_key_not_found'],
    answers: { 200: { description: 'The key.' } },
  })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    return apiKeyResource(await this.keys.get(scope, id));
  }

  @Patch(':id')
  @Needs('admin')
  @SerializeOptions({ schema: apiKeySchema })
  @Operation({
    summary: 'Rename an API key, or change when it ends',
    description:
      'What a key may do never changes; its name and its end may. A new end takes a second, and then holds ' +
      'everywhere.',
    problems: ['api_key_not_found', 'api_key_revoked', 'limits_too_wide', 'last_admin_key'],
    answers: { 200: { description: 'The key as it is now.' } },
  })
  async update(
    @AuditedCaller() actor: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: updateApiKeySchema }) { name, expires_at: expiresAt }: UpdateApiKey,
  ) {
    return apiKeyResource(await this.keys.change(actor, id, { name, expiresAt }));
  }

  @Delete(':id')
  @HttpCode(204)
  @Needs('admin')
  @Operation({
    summary: 'Revoke an API key',
    description: 'For good. It takes a second, and then no process lets the key in. It stays in the list.',
    problems: ['api_key_not_found', 'last_admin_key'],
    answers: { 204: { description: 'It is revoked.' } },
  })
  async revoke(@AuditedCaller() actor: Actor, @Param('id', { schema: idSchema }) id: string): Promise<void> {
    await this.keys.revoke(actor, id);
  }
}
