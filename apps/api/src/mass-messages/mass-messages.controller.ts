import { Body, Controller, Get, HttpCode, Post, Query, SerializeOptions } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AuditLog, type Act, type Actor, type Principal } from '@app/access';
import { GoneMessages } from '@app/deletions';
import { MassMessageImport, MassMessages, MerchantDirectory, Merchants } from '@app/merchants';
import { EVERYTHING, type Scope } from '@app/scope';
import { AuditedCaller, Caller, Needs } from '../http/access/access.guard.js';
import { tenantOf } from '../http/access/tenant-of.js';
import { Operation } from '../http/open-api/operation.js';
import type { LineRejection } from '../http/bodies/ndjson.js';
import type { StreamedBody } from '../http/bodies/streamed-bodies.js';
import { cursorOf, pageOfSchema } from '../http/requests/page.js';
import { decideImports, importLines, namesIn, type ImportLine, type KnownMerchants } from './import-lines.js';
import {
  importResultSchema,
  importSchema,
  listMassMessagesSchema,
  massMessageResource,
  massMessageSchema,
  wordOf,
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
    private readonly goneMessages: GoneMessages,
    private readonly audit: AuditLog,
  ) {}

  @Get()
  @Needs('viewer', 'reads')
  @SerializeOptions({ schema: pageOfSchema(massMessageSchema) })
  @Operation({
    summary: 'List mass messages',
    description:
      'What merchants have sent, newest first, as WeChat’s pushes and imports told it: the highest `msg_id` first, or, with ' +
      '`sent_after` or `sent_before`, what was sent last. Imports by keys with ' +
      'limits are seen by keys within the same limits only. With `q`, a page looks at a part of the messages ' +
      'where not all can be found at once: it may be short, or empty, and the search goes on while `next_cursor` is ' +
      'not null.',
    problems: ['merchant_not_found', 'platform_not_found', 'platform_required'],
    answers: { 200: { description: 'A page of messages.' } },
  })
  async list(@Caller() { scope }: Principal, @Query({ schema: listMassMessagesSchema }) query: ListMassMessages) {
    const { component_appid, label, q, limit, cursor } = query;
    const merchant = query.merchant ? await this.merchants.find(scope, query.merchant, component_appid) : undefined;
    const { found, next } = await this.massMessages.list(scope, {
      merchantId: merchant?.id,
      label,
      words: q,
      sentAfter: query.sent_after,
      sentBefore: query.sent_before,
      limit,
      after: cursor,
    });
    const gone = await this.goneMessages.among(found, scope);
    return {
      data: found.map((message, line) => massMessageResource(message, gone[line])),
      next_cursor: next ? cursorOf(wordOf(next)) : null,
    };
  }

  @Post()
  @HttpCode(200)
  @Needs('operator', 'works')
  @SerializeOptions({ schema: importResultSchema })
  @Operation({
    summary: 'Import mass messages',
    description:
      'Adds to the inventory: one message, a list, or any number as NDJSON, one a line, or as CSV, one article ' +
      'a line: `article_idx`, `article_url` and `article_title` stand beside the fields of its message. Good ones are ' +
      'imported and the others listed under `errors`. Importing again changes only what is told; what ' +
      'WeChat told stays. An address whose `__biz` is known to be another merchant’s is refused. What a key ' +
      'with limits imports counts for keys within the same limits only.',
    answers: { 200: { description: 'How many were imported, and what was not.' } },
  })
  async import(@AuditedCaller() caller: Actor, @Body({ schema: importSchema }) body: ImportRequest | StreamedBody) {
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
