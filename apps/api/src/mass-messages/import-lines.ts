import { Readable } from 'node:stream';
import { parseMsgId, TargetRefused } from '@app/deletions';
import { chooseMerchant, type ImportedMessage, type MerchantCard } from '@app/merchants';
import { readJsonLine, readNdjson, type LineRejection } from '../http/ndjson.js';
import { importedMessageSchema, type ImportedMessageRequest, type ImportRequest } from './mass-message.js';

const NDJSON = { maxLineBytes: 64 * 1024, batchLines: 2_000, batchMs: 5_000 };

type ImportLine = { line: number; request: ImportedMessageRequest } | LineRejection;

export interface DecidedImports {
  messages: ImportedMessage[];
  rejections: LineRejection[];
}

/** The messages of a body, a batch at a time. */
export async function* importLines(body: ImportRequest | Readable): AsyncGenerator<ImportLine[]> {
  if (!(body instanceof Readable)) {
    yield [body].flat().map((request, i) => ({ line: i + 1, request }));
    return;
  }
  for await (const lines of readNdjson(body, NDJSON)) {
    yield lines.map((line) => readJsonLine(line, importedMessageSchema));
  }
}

/** @param lookUp the cards of these appids that the caller may see */
export async function decideImports(
  lines: ImportLine[],
  lookUp: (appids: string[]) => Promise<MerchantCard[]>,
): Promise<DecidedImports> {
  const appids = new Set(lines.flatMap((read) => ('request' in read ? read.request.merchant : [])));
  const cards = await lookUp([...appids]);
  const decided: DecidedImports = { messages: [], rejections: [] };
  for (const read of lines) {
    const decision = 'request' in read ? decide(read.line, read.request, cards) : read;
    if ('code' in decision) decided.rejections.push(decision);
    else decided.messages.push(decision);
  }
  return decided;
}

function decide(line: number, request: ImportedMessageRequest, cards: MerchantCard[]): ImportedMessage | LineRejection {
  const merchant = chooseMerchant(
    request,
    cards.filter(({ authorizerAppid }) => authorizerAppid === request.merchant),
  );
  if ('code' in merchant) return { line, ...merchant };
  const { label, title, sent_at: sentAt, articles } = request;
  try {
    return {
      merchantId: merchant.id,
      msgId: parseMsgId(request.msg_id),
      label,
      title,
      sentAt,
      articles: articles.map(({ article_idx, url, title: name }) => ({ articleIdx: article_idx, url, title: name })),
    };
  } catch (error) {
    if (error instanceof TargetRefused) return { line, code: error.code, detail: error.message };
    throw error;
  }
}
