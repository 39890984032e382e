import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiConsumes, ApiTags } from '@nestjs/swagger';
import { AuditLog, type Act, type Actor, type Principal } from '@app/access';
import { MassMessageImport, MassMessages, MerchantDirectory, Merchants } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { tenantOf } from '../http/access/tenant-of.js';
import type { LineRejection } from '../http/bodies/ndjson.js';
import { pageOf, pageOfSchema } from '../http/requests/page.js';
import { decideImports, importLines, namesIn, type ImportLine, type KnownMerchants } from './import-lines.js';
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
    private readonly audit: AuditLog,
  ) {}

  /**
   * What merchants have sent, newest first, as WeChat's pushes and imports told it. Imports by keys with limits are
   * seen by keys within the same limits only.
   */
  @Get()
  @Needs('viewer', 'reads')
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
   * Adds to the inventory: one message, a list, or any number as NDJSON, one a line. Good ones are imported and the
   * others listed under `errors`. Importing again changes only what is told; what WeChat told stays. An address whose
   * `__biz` is known to be another merchant's is refused. What a key with limits imports counts for keys within the
   * same limits only.
   */
  @Post()
  @HttpCode(200)
  @Needs('operator', 'works')
  @ApiConsumes('application/json', 'application/x-ndjson')
  @SerializeOptions({ schema: importResultSchema })
  async import(@AuditedCaller() caller: Actor, @Body({ schema: importSchema }) body: ImportRequest | Readable) {
    const errors: LineRejection[] = [];
    const counts = { imported: 0, rejected: 0 };
    try {
      for await (const lines of importLines(body)) {
        const { messages, rejections } = decideImports(lines, await this.knownTo(caller.scope, lines));
        await this.imports.add(messages, caller.scope);
        counts.imported += messages.length;
        counts.rejected += rejections.length;
        errors.push(...rejections.slice(0, MAX_ERRORS - errors.length));
      }
    } finally {
      // Lines that came in before the body broke off stay.
      if (counts.imported > 0) await this.audit.appendAlone(caller, importedBy(caller, counts));
    }
    return { ...counts, errors };
  }

  private async knownTo(scope: Scope, lines: ImportLine[]): Promise<KnownMerchants> {
    const { appids, biz } = namesIn(lines);
    const cards = await this.directory.byAppids(scope, appids);
    return { cards, owners: await this.directory.byBiz(EVERYTHING, biz) };
  }
}

function importedBy(caller: Actor, counts: { imported: number; rejected: number }): Act {
  return {
    action: 'mass_messages.imported',
    subjectType: 'import',
    subjectId: caller.requestId,
    tenant: tenantOf(caller),
    data: counts,
  };
}
