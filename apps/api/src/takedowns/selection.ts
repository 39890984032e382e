import { createHash } from 'node:crypto';
import type {
  Triaged,
  ItemRequest,
  UploadTriage,
  Rejection,
  TakedownItem,
  TakedownRejection,
  UrlRequest,
} from '@app/deletions';
import { wasSent } from '@app/merchants';
import { excerptOf } from '../http/bodies/excerpt.js';
import { StreamedBody } from '../http/bodies/streamed-bodies.js';
import { batchesOf, Turns } from '../http/bodies/turns.js';
import { readLines, type ReadLine } from '../http/lines/read-lines.js';
import { lineSchema, type CreateTakedown, type TakedownLine } from './takedown.js';

export interface Batch {
  items: TakedownItem[];
  rejections: (Rejection & TakedownRejection)[];
}

/** What a takedown is about, decided batch by batch. */
export interface Selection {
  batches: AsyncIterable<Batch>;
  /** What makes it the same request. Known once all batches were taken. */
  fingerprint(): unknown;
}

export function selectionOf(body: CreateTakedown | StreamedBody, triage: UploadTriage): Selection {
  if (body instanceof StreamedBody) return streamed(body, triage);
  return { batches: selected(body, triage), fingerprint: () => body };
}

async function* selected(body: CreateTakedown, triage: UploadTriage): AsyncGenerator<Batch> {
  const { items = [], urls = [], label } = body;
  // A batch of which nothing has to be looked up asks the database nothing, so it would hold the event loop for the next.
  const turns = new Turns();
  for (const some of batchesOf(
    items.map((item, i) => ({ ...item, line: i + 1 })),
    ({ url = '' }) => url.length,
  )) {
    yield withExcerpts(await triage.decide(some), (line) => JSON.stringify(items[line - 1]));
    await turns.pass();
  }
  for (const some of batchesOf(
    urls.map((url, i) => ({ url, line: i + 1 })),
    ({ url }) => url.length,
  )) {
    yield withExcerpts(await triage.decide(some), (line) => urls[line - 1] ?? '');
    await turns.pass();
  }
  if (label !== undefined) yield* labelled(label, body, triage);
}

/** Messages that never went out are left: the call would be spent on nothing. */
async function* labelled(label: string, body: CreateTakedown, triage: UploadTriage): AsyncGenerator<Batch> {
  const { article_idx, whole_message } = body;
  let line = 0;
  for await (const messages of triage.labelled(label)) {
    const requests = messages.map(({ authorizerAppid, componentAppid, msgId, status }) => ({
      request: { line: ++line, merchant: authorizerAppid, component_appid: componentAppid, msg_id: msgId },
      isSent: body.again === true || wasSent(status),
      status,
    }));
    const decided = await triage.decide(
      requests.filter(({ isSent }) => isSent).map(({ request }) => ({ ...request, article_idx, whole_message })),
    );
    const unsent = requests
      .filter(({ isSent }) => !isSent)
      .map(({ request, status }) => ({
        line: request.line,
        code: 'message_not_sent',
        detail: `WeChat said of it: ${status}`,
      }));
    const texts = new Map(requests.map(({ request: { line: at, ...rest } }) => [at, JSON.stringify(rest)]));
    yield withExcerpts({ ...decided, rejections: [...decided.rejections, ...unsent] }, (at) => texts.get(at) ?? '');
  }
}

function streamed({ format, bytes }: StreamedBody, triage: UploadTriage): Selection {
  const hash = createHash('sha256');
  async function* hashed() {
    for await (const chunk of bytes) {
      hash.update(chunk);
      yield chunk;
    }
  }
  async function* batches() {
    const schemas = { json: lineSchema, csv: lineSchema };
    for await (const lines of readLines(new StreamedBody(format, hashed()), schemas)) yield decideLines(lines, triage);
  }
  // The same bytes mean something else in the other format.
  const prefix = format === 'ndjson' ? '' : `${format}:`;
  return { batches: batches(), fingerprint: () => prefix + hash.copy().digest('base64url') };
}

async function decideLines(lines: ReadLine<TakedownLine>[], triage: UploadTriage): Promise<Batch> {
  const requests: (ItemRequest | UrlRequest)[] = [];
  const refused: Rejection[] = [];
  for (const read of lines) {
    if ('code' in read) refused.push(read);
    else requests.push(requestAt(read));
  }
  const { items, rejections } = await triage.decide(requests);
  const texts = new Map(lines.map(({ line, text }) => [line, text]));
  return withExcerpts({ items, rejections: [...refused, ...rejections] }, (line) => texts.get(line) ?? '');
}

function requestAt({ line, request }: { line: number; request: TakedownLine }): ItemRequest | UrlRequest {
  const { merchant, url = '', again, try_anyway } = request;
  return merchant === undefined ? { line, url, again, try_anyway } : { ...request, line, merchant };
}

const withExcerpts = ({ items, rejections }: Triaged, textOf: (line: number) => string): Batch => ({
  items,
  rejections: rejections.map((rejection) => ({ ...rejection, excerpt: excerptOf(textOf(rejection.line)) })),
});
