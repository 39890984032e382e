import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
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
import { readJsonLines, readNdjson, type Line } from '../http/bodies/ndjson.js';
import { batchesOf, Turns } from '../http/bodies/turns.js';
import { lineSchema, type CreateTakedown, type TakedownLine } from './takedown.js';

const NDJSON = { maxLineBytes: 64 * 1024, batchLines: 2_000, batchBytes: 256 * 1024, batchMs: 5_000 };

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

export function selectionOf(body: CreateTakedown | Readable, triage: UploadTriage): Selection {
  if (body instanceof Readable) return streamed(body, triage);
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

function streamed(body: Readable, triage: UploadTriage): Selection {
  const hash = createHash('sha256');
  async function* hashed() {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      hash.update(chunk);
      yield chunk;
    }
  }
  async function* batches() {
    for await (const lines of readNdjson(hashed(), NDJSON)) yield decideLines(lines, triage);
  }
  return { batches: batches(), fingerprint: () => hash.copy().digest('base64url') };
}

async function decideLines(lines: Line[], triage: UploadTriage): Promise<Batch> {
  const requests: (ItemRequest | UrlRequest)[] = [];
  const refused: Rejection[] = [];
  for (const read of await readJsonLines(lines, lineSchema)) {
    if ('code' in read) refused.push(read);
    else requests.push(requestAt(read));
  }
  const { items, rejections } = await triage.decide(requests);
  const texts = new Map(lines.map((read) => [read.line, 'text' in read ? read.text : '']));
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
