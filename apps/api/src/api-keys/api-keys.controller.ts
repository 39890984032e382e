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

  /** Issues a key. The answer is the only place where it stands: a repeated request makes another one. */
  @Post()
  @MadeAt(({ id }) => `/v1/api-keys/${id}`)
  @Header('cache-control', 'no-store')
  @Needs('admin')
  @SerializeOptions({ schema: newApiKeySchema })
  async create(
    @AuditedCaller() actor: Actor,
    @Body({ schema: createApiKeySchema }) { expires_at: expiresAt, ...wish }: CreateApiKey,
  ) {
    const { key, issued } = await this.keys.issue(actor, { ...wish, expiresAt });
    return { ...apiKeyResource(issued), key };
  }

  /** Newest first, also those that work no more. */
  @Get()
  @Needs('admin', 'reads')
  @SerializeOptions({ schema: pageOfSchema(apiKeySchema) })
  async list(@Caller() { scope }: Principal, @Query({ schema: pageSchema }) query: z.output<typeof pageSchema>) {
    const found = await this.keys.list(scope, { limit: query.limit + 1, after: query.cursor });
    return pageOf(found, query.limit, apiKeyResource);
  }

  @Get(':id')
  @Needs('admin')
  @SerializeOptions({ schema: apiKeySchema })
  async get(@Caller() { scope }: Principal, @Param('id', { schema: idSchema }) id: string) {
    return apiKeyResource(await this.keys.get(scope, id));
  }

  /** What a key may do never changes; its name and its end may. A new end takes a second, and then holds everywhere. */
  @Patch(':id')
  @Needs('admin')
  @SerializeOptions({ schema: apiKeySchema })
  async update(
    @AuditedCaller() actor: Actor,
    @Param('id', { schema: idSchema }) id: string,
    @Body({ schema: updateApiKeySchema }) { name, expires_at: expiresAt }: UpdateApiKey,
  ) {
    return apiKeyResource(await this.keys.change(actor, id, { name, expiresAt }));
  }

  /** Revokes the key for good. It takes a second, and then no process lets the key in. It stays in the list. */
  @Delete(':id')
  @HttpCode(204)
  @Needs('admin')
  async revoke(@AuditedCaller() actor: Actor, @Param('id', { schema: idSchema }) id: string): Promise<void> {
    await this.keys.revoke(actor, id);
  }
}
