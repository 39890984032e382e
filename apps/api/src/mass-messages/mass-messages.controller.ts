import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiConsumes, ApiTags } from '@nestjs/swagger';
import type { Principal } from '@app/access';
import { MassMessageImport, MassMessages, Merchants, MerchantDirectory } from '@app/merchants';
import { Caller, Needs } from '../http/access.guard.js';
import { pageOf, pageOfSchema } from '../http/page.js';
import { decideImports, importLines } from './import-lines.js';
import {
  importResultSchema,
  importSchema,
  listMassMessagesSchema,
  massMessageResource,
  massMessageSchema,
  type ImportRequest,
  type ListMassMessages,
} from './mass-message.js';

const MAX_ERRORS = 10_000;

@ApiTags('mass messages')
@Controller('v1/mass-messages')
export class MassMessagesController {
  constructor(
    private readonly massMessages: MassMessages,
    private readonly imports: MassMessageImport,
    private readonly directory: MerchantDirectory,
    private readonly merchants: Merchants,
  ) {}

  /** What merchants have sent, newest first, as WeChat's pushes and imports told it. */
  @Get()
  @Needs('viewer')
  @SerializeOptions({ schema: pageOfSchema(massMessageSchema) })
  async list(@Caller() { scope }: Principal, @Query({ schema: listMassMessagesSchema }) query: ListMassMessages) {
    const { component_appid, label, limit, cursor } = query;
    const merchant = query.merchant ? await this.merchants.find(scope, query.merchant, component_appid) : undefined;
    const found = await this.massMessages.list(scope, {
      merchantId: merchant?.id,
      label,
      limit: limit + 1,
      after: cursor,
    });
    const withIds = found.map((message) => ({ ...message, id: `${message.msgId}/${message.merchantId}` }));
    return pageOf(withIds, limit, massMessageResource);
  }

  /**
   * Adds to the inventory: one message, a list, or any number as NDJSON, one a line. Good ones are imported and the others
   * listed under `errors`. Importing again changes only what is told; what WeChat told stays.
   */
  @Post()
  @HttpCode(200)
  @Needs('operator')
  @ApiConsumes('application/json', 'application/x-ndjson')
  @SerializeOptions({ schema: importResultSchema })
  async import(@Caller() { scope }: Principal, @Body({ schema: importSchema }) body: ImportRequest | Readable) {
    let imported = 0;
    let rejected = 0;
    const errors: { line: number; code: string; detail: string }[] = [];
    for await (const lines of importLines(body)) {
      const { messages, rejections } = await decideImports(lines, (appids) => this.directory.byAppids(scope, appids));
      await this.imports.add(messages);
      imported += messages.length;
      rejected += rejections.length;
      errors.push(...rejections.slice(0, MAX_ERRORS - errors.length));
    }
    return { imported, rejected, errors };
  }
}
