import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { exitCodeOf, summaryOf, verifyProof, type KeySet } from '@app/proof-verifier';
import { proofText, type ProofFormat } from './proof-formats.js';
import { signEnd, type ProofEnd } from './proof-signature.js';
import type { DeletionRecord, ProofRecord } from './proofs.js';

const FORMATS: ProofFormat[] = ['json', 'ndjson', 'csv'];

const deletion = (n: number, over: Partial<DeletionRecord> = {}): DeletionRecord => ({
  type: 'deletion',
  id: `00000000-0000-7000-8000-00000000000${n}`,
  merchant: 'wx570bc396a51b8ff8',
  component_appid: 'wx0123456789abcdef',
  msg_id: '3147483661',
  article_idx: n,
  message_articles: null,
  url: null,
  asked_url: null,
  state: 'succeeded',
  proof: 'acknowledged',
  proof_note: null,
  outcome_code: 'deleted',
  errcode: 0,
  errmsg: 'ok',
  rid: null,
  reason: '=HYPERLINK("http://x"),\r\n"价格"',
  requested_by: null,
  request_id: 'r-1',
  takedown: null,
  counted_as: null,
  created_at: '2026-11-23T10:00:00.000Z',
  finished_at: '2026-11-23T10:00:01.000Z',
  calls: [
    {
      operation: 'mass/delete',
      request: { msg_id: '3147483661', article_idx: n },
      outcome: 'unknown_outcome',
      errcode: -1,
      errmsg: 'system error',
      rid: '6b04',
      http_status: 200,
      started_at: '2026-11-23T10:00:00.500Z',
      finished_at: null,
    },
  ],
  ...over,
});

const RECORDS: ProofRecord[] = [
  {
    type: 'header',
    version: 2,
    subject: 'takedown',
    id: '00000000-0000-7000-8000-000000000000',
    state: 'finished',
    reason: null,
    requested_by: null,
    request_id: 'r-1',
    created_at: '2026-11-23T10:00:00.000Z',
    finished_at: null,
    exported_at: '2026-11-23T11:00:00.000Z',
  },
  deletion(1),
  deletion(2, { msg_id: null, article_idx: null, url: 'https://mp.weixin.qq.com/s/AbC', reason: 'x\ny' }),
  deletion(3, { calls: [] }),
  { type: 'trailer', count: 3 },
];

let key: Parameters<typeof signEnd>[2];
let keySet: KeySet;

beforeAll(async () => {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  key = { kid, privateKey, at: new Date('2026-11-23T11:00:01.000Z') };
  keySet = { keys: [{ ...jwk, kid }] };
});

async function* each(records: ProofRecord[]): AsyncGenerator<ProofRecord> {
  for (const record of records) yield Promise.resolve(record);
}

async function exported(format: ProofFormat, records = RECORDS): Promise<{ text: string; ends: ProofEnd[] }> {
  let text = '';
  const ends: ProofEnd[] = [];
  const seal = (end: ProofEnd) => {
    expect(text).not.toContain('trailer');
    ends.push(end);
    return signEnd(end, 'https://retract.example', key);
  };
  for await (const piece of proofText(each(records), format, seal)) text += piece;
  return { text, ends };
}

const textOf = async (format: ProofFormat, records = RECORDS) => (await exported(format, records)).text;

/** As anybody would, without a database. */
async function verify(text: string, lastHash?: string): Promise<{ status: number; said: string }> {
  const report = await verifyProof([text], keySet, { lastHash });
  return { status: exitCodeOf(report.verdict), said: summaryOf(report) };
}

describe.each(FORMATS)('a proof as %s', (format) => {
  it('is found to be whole', async () => {
    expect(await verify(await textOf(format))).toEqual({
      status: 0,
      said: expect.stringMatching(/^ok: 3 deletions, last hash [0-9a-f]{64}$/),
    });
  });

  it.each<[string, (text: string) => string]>([
    ['changed', (text) => text.replace('6b04', '6b05')],
    ['said to have another outcome', (text) => text.replaceAll('unknown_outcome', 'accepted')],
    ['cut off within a line', (text) => text.slice(0, text.length / 2)],
    ['cut off between lines', (text) => `${text.trimEnd().split('\n').slice(0, -1).join('\n')}\n`],
    ['of nothing', () => ''],
    [
      'without its last deletion',
      (text) =>
        text
          .split('\n')
          .filter((line) => !line.includes('0003'))
          .join('\n'),
    ],
    ['in another order', (text) => swap(text, '0001"', '0003"')],
  ])('is not when it is %s', async (_what, spoil) => {
    const text = await textOf(format);
    const spoilt = spoil(text);
    if (spoilt !== text)
      expect(await verify(spoilt)).toMatchObject({ status: 1, said: expect.stringMatching(/^not ok: line \d+/) });
  });
});

const PERIOD = {
  type: 'header',
  version: 2,
  subject: 'period',
  id: '2026-10-01T00:00:00.000Z/2026-11-01T00:00:00.000Z',
  finished_after: '2026-10-01T00:00:00.000Z',
  finished_before: '2026-11-01T00:00:00.000Z',
  platforms: null,
  merchants: null,
  requested_by: '00000000-0000-7000-8000-000000000009',
  request_id: 'r-2',
  exported_at: '2026-11-02T00:00:00.000Z',
} satisfies ProofRecord;

it.each(FORMATS)('says of a period what it is confined to, as %s', async (format) => {
  const proofOf = async (header: ProofRecord) =>
    (await verifyProof([await textOf(format, [header, ...RECORDS.slice(1)])], keySet)).proof;
  const facts = { subject: 'period', id: PERIOD.id, count: 3 };
  expect(await proofOf(PERIOD)).toEqual({ ...facts, exportedAt: PERIOD.exported_at, lastHash: expect.any(String) });
  expect(await proofOf({ ...PERIOD, merchants: ['wx1', 'wx2'], platforms: ['wx3'] })).toMatchObject({
    ...facts,
    only: ['wx1', 'wx2', 'wx3'],
  });
  expect(await proofOf({ ...PERIOD, platforms: ['wx3'] })).toMatchObject({ ...facts, only: ['wx3'] });
});

it.each(FORMATS)('notes its end before it hands the trailer out, as %s', async (format) => {
  const { text, ends } = await exported(format);
  const [{ count, lastHash } = { count: 0, lastHash: '' }] = ends;
  expect(ends).toHaveLength(1);
  expect(count).toBe(3);
  expect(await verify(text, lastHash)).toEqual({ status: 0, said: `ok: 3 deletions, last hash ${lastHash}` });
});

it('is found out when all its hashes were made anew', async () => {
  const { ends } = await exported('ndjson');
  const forged = RECORDS.map((record) => (record.type === 'deletion' ? { ...record, outcome_code: 'forged' } : record));
  const text = await textOf('ndjson', forged);
  expect(await verify(text)).toMatchObject({ status: 0 });
  expect(await verify(text, ends[0]?.lastHash ?? '')).toEqual({
    status: 1,
    said: expect.stringMatching(/^not ok: whole, but not the export that was noted/),
  });
});

it.each<[string, ProofFormat, number, (text: string) => string]>([
  [
    'a field that is there twice',
    'ndjson',
    2,
    (text) => text.replace('{"type":"deletion"', '{"state":"x","type":"deletion"'),
  ],
  [
    'a field that is there twice',
    'json',
    3,
    (text) => text.replace('{"type":"deletion"', '{"state":"x","type":"deletion"'),
  ],
  ['a list that is there twice', 'json', 1, (text) => text.replace('{"data":[\n', '{"data":[],"data":[\n')],
  ['a list behind the end', 'json', 8, (text) => text.replace('\n]}\n', '\n],"data":[]}\n')],
  [
    'a column that is there twice',
    'csv',
    1,
    (text) => text.replaceAll(/^(\u{feff}?)(header|deletion|trailer|type),/gmu, '$1$2,$2,'),
  ],
  ['a column of another name', 'csv', 1, (text) => text.replace('errmsg', 'proof')],
  ['blanks between', 'ndjson', 1, (text) => text.replace('{"type":"header"', '{"type": "header"')],
])('does not accept %s, in %s', async (_what, format, line, forge) => {
  const text = await textOf(format);
  const forged = forge(text);
  expect(forged).not.toBe(text);
  expect(await verify(forged)).toMatchObject({
    status: 1,
    said: expect.stringMatching(new RegExp(`^not ok: line ${line} `)),
  });
});

it.each(FORMATS)('is whole with every kind of line end in a text, as %s', async (format) => {
  const records = RECORDS.map((record) =>
    record.type === 'deletion' ? { ...record, reason: 'a\u2028b\u2029c\r\nd\u0085' } : record,
  );
  expect(await verify(await textOf(format, records))).toMatchObject({ status: 0 });
});

function swap(text: string, one: string, other: string): string {
  return text.replaceAll(one, '\u0001').replaceAll(other, one).replaceAll('\u0001', other);
}

it('names the first line that was changed', async () => {
  const lines = (await textOf('ndjson')).split('\n');
  const spoilt = lines.map((line, i) => (i === 2 ? line.replace('"x\\ny"', '"z"') : line)).join('\n');
  expect(await verify(spoilt)).toEqual({ status: 1, said: 'not ok: line 3 was changed' });
});

it('does not accept a trailer that counts other deletions, though it is chained', async () => {
  const records = RECORDS.filter((_record, i) => i !== 3);
  expect(await verify(await textOf('ndjson', records))).toEqual({
    status: 1,
    said: 'not ok: line 4 counts other deletions',
  });
});

describe('a proof as csv, in a spreadsheet', () => {
  it('is taken for UTF-8, and only at its beginning says so', async () => {
    const text = await textOf('csv');
    expect(text.startsWith('\u{feff}type,')).toBe(true);
    expect(text.lastIndexOf('\u{feff}')).toBe(0);
    expect(text).toContain('价格');
  });

  it('has its msg_ids as texts, whole, and in cells of their own', async () => {
    const records = RECORDS.map((record) =>
      record.type === 'deletion' && record.msg_id ? { ...record, msg_id: '9223372036854775807' } : record,
    );
    const text = await textOf('csv', records);
    expect(text).toContain(',"\t9223372036854775807",1,');
    expect(await verify(text)).toMatchObject({ status: 0 });
  });
});
