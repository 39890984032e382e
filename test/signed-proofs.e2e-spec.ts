import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { calculateJwkThumbprint, createLocalJWKSet, exportJWK, flattenedVerify, generateKeyPair } from 'jose';
import { proofText, signEnd, type ProofFormat, type ProofRecord, type SigningKey } from '@app/deletions';
import { verifyProof, type KeySet } from '@app/proof-verifier';
import { PLATFORM, System } from './support/system.js';

const FORMATS: ProofFormat[] = ['ndjson', 'json', 'csv'];
const ISSUER = 'https://retract.example';

let system: System;
let takedown: string;
/** Of the same takedown, one after the other. */
let exported: Record<ProofFormat, string>;
let another: Record<ProofFormat, string>;
let jwks: { keys: Record<string, unknown>[] };
let stranger: { key: SigningKey; jwks: KeySet };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'proofs-'));
  system = await System.start({ env: { PUBLIC_URL: ISSUER } });
  await system.registerPlatform();
  const [{ merchant = '', msgId = '' } = {}] = await system.grantedMerchants(1);
  const items = [1, 2].map((article_idx) => ({ merchant, msg_id: msgId, article_idx }));
  const { body } = await system.call('POST', '/v1/takedowns', {
    items: [...items, { merchant, msg_id: '77', article_idx: 1 }],
    reason: '下架',
  });
  takedown = body.id;
  const { data } = (await system.call('GET', `/v1/takedowns/${takedown}/deletions`)).body;
  for (const { id } of data) await system.finished(id);
  stranger = await aStranger();
});
afterAll(async () => {
  await system.close();
  await rm(folder, { recursive: true });
});

async function exportOf(format: ProofFormat, id = takedown): Promise<string> {
  const answer = await fetch(`${system.url}/v1/takedowns/${id}/proof?format=${format}`, {
    headers: { authorization: `Bearer ${system.apiKey}` },
  });
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(await answer.arrayBuffer());
}
const all = async () => {
  const texts = await Promise.all(FORMATS.map((format) => exportOf(format)));
  return Object.fromEntries(FORMATS.map((format, i) => [format, texts[i] ?? ''])) as Record<ProofFormat, string>;
};

/** Somebody with a key pair of their own. */
async function aStranger() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  return { key: { kid, privateKey, at: new Date() }, jwks: { keys: [{ ...jwk, kid, use: 'sig' }] } };
}

/** All of an export written anew, by somebody who lacks the deployment's key. */
async function forged(format: ProofFormat, change: (record: any) => object = (record) => record): Promise<string> {
  const records = exported.ndjson
    .trim()
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { prev_hash: _prev, hash: _hash, ...record } = JSON.parse(line);
      return change(record) as ProofRecord;
    });
  async function* each() {
    for (const record of records) yield Promise.resolve(record);
  }
  let text = '';
  for await (const piece of proofText(each(), format, (end) => signEnd(end, ISSUER, stranger.key))) text += piece;
  return text;
}

const signatureAt = (text: string) => text.lastIndexOf('\n', text.lastIndexOf('signature')) + 1;
const signatureOf = (text: string) => text.slice(signatureAt(text)).split('\n')[0] ?? '';
const inSignature = (text: string, change: (line: string) => string) =>
  text.slice(0, signatureAt(text)) + text.slice(signatureAt(text)).replace(/^[^\n]*/, change);
const jwsOf = (text: string) => /eyJ[\w-]*\.\.[\w-]*/.exec(text)?.[0] ?? '';
const withHeader = (text: string, header: object) =>
  text.replace(/eyJ[\w-]*\.\./, () => `${Buffer.from(JSON.stringify(header)).toString('base64url')}..`);
const kid = () => String(jwks.keys[0]?.kid);
const ownWith = (members: object) => ({ keys: jwks.keys.map((key) => ({ ...key, ...members })) });
const secondsFromNow = (seconds: number) => Math.floor(Date.now() / 1_000) + seconds;
const swapLines = (text: string) => {
  const lines = text.split('\n');
  const [first, second] = lines.flatMap((line, i) => (/^\{?"?(type":")?deletion/.test(line) ? [i] : []));
  const [one, other] = [lines[first ?? 0] ?? '', lines[second ?? 0] ?? ''];
  return lines.map((line, i) => (i === first ? other : i === second ? one : line)).join('\n');
};

interface Row {
  /** From the export to what lies before the check; it must differ. */
  file?: (text: string, format: ProofFormat) => string | Promise<string>;
  keys?: () => KeySet | undefined;
  code: string | Record<ProofFormat, string>;
}

const REFUSED_AS_JSON = (code: string, csv: string) => ({ ndjson: code, json: code, csv });

const TABLE: Record<string, Row> = {
  'as it came': { code: 'signed' },
  'without keys': { keys: () => undefined, code: 'no_keys' },
  'with the keys of another deployment': { keys: () => stranger.jwks, code: 'key_unknown' },
  'with an empty key set': { keys: () => ({ keys: [] }), code: 'key_unknown' },
  'with another key by the same name': {
    keys: () => ({ keys: stranger.jwks.keys.map((key) => ({ ...(key as object), kid: kid() })) }),
    code: 'key_misnamed',
  },
  'with a key that is no point of the curve': {
    keys: () => ({ keys: [null, 'x', { kid: kid(), kty: 'OKP', crv: 'Ed25519', x: 'AAAA' }] }),
    code: 'key_misnamed',
  },
  'with a key that was revoked': { keys: () => ownWith({ exp: secondsFromNow(60), revoked: {} }), code: 'key_revoked' },
  'with a key that was retired before, and revoked since': {
    keys: () => ownWith({ exp: secondsFromNow(60), iat: 0, revoked: { revoked_at: secondsFromNow(0) } }),
    code: 'key_revoked',
  },
  'with a key that was retired before': { keys: () => ownWith({ exp: secondsFromNow(-3_600) }), code: 'key_retired' },
  'with a key that was retired since': { keys: () => ownWith({ exp: secondsFromNow(60) }), code: 'signed' },
  'with a key that ends at no moment': { keys: () => ownWith({ exp: 1e20 }), code: 'key_retired' },
  empty: { file: () => '', code: 'empty' },
  'cut off within a line': {
    file: (text) => text.slice(0, text.length / 2),
    code: { ndjson: 'not_json', json: 'not_json', csv: 'not_csv' },
  },
  'cut off before the trailer': {
    file: (text) => text.slice(0, text.lastIndexOf('\n', text.indexOf('trailer')) + 1),
    code: 'cut_off',
  },
  'cut off before the signature': {
    file: (text, format) =>
      format === 'json'
        ? `${text.slice(0, signatureAt(text)).replace(/,\n$/, '')}\n]}\n`
        : text.slice(0, signatureAt(text)),
    code: 'signature_missing',
  },
  'with a line changed': { file: (text) => text.replace('"77"', '"78"').replace('\t77', '\t78'), code: 'changed' },
  'with lines swapped': { file: swapLines, code: 'out_of_order' },
  'with a line taken out': {
    file: (text) => text.replace(/^(\{"type":")?deletion[^\n]*\n/m, ''),
    code: 'out_of_order',
  },
  'with a line added': {
    file: (text, format) =>
      format === 'json' ? text.replace('\n]}\n', `,\n${signatureOf(text)}\n]}\n`) : `${text}${signatureOf(text)}\n`,
    code: 'behind_end',
  },
  'with the signature of another export': {
    file: (text, format) => inSignature(text, () => signatureOf(another[format])),
    code: 'signature_of_another',
  },
  'with the JWS of another export': {
    file: (text, format) => text.replace(jwsOf(text), jwsOf(another[format])),
    code: 'signature_wrong',
  },
  'with another issuer': { file: (text) => text.replace(ISSUER, 'https://other.example'), code: 'signature_wrong' },
  'with another time of signing': {
    file: (text) => inSignature(text, (line) => line.replace(/20\d\d-/, '2020-')),
    code: 'signature_wrong',
  },
  'with a signature that says more': {
    file: (text, format) =>
      inSignature(text, (line) =>
        format === 'csv' ? line.replace(',,', ',x,') : line.replace('{', '{"state":"failed",'),
      ),
    code: 'signature_changed',
  },
  'with another kid': { file: (text) => withHeader(text, { alg: 'EdDSA', kid: 'another' }), code: 'key_unknown' },
  'with the kid of a stranger’s key': {
    file: (text) => withHeader(text, { alg: 'EdDSA', kid: stranger.key.kid }),
    keys: () => ({ keys: [...jwks.keys, ...stranger.jwks.keys] }),
    code: 'signature_wrong',
  },
  'with no algorithm': { file: (text) => withHeader(text, { alg: 'none', kid: kid() }), code: 'signature_changed' },
  'with a header that asks for more than is known': {
    file: (text) => withHeader(text, { alg: 'EdDSA', kid: kid(), crit: ['b64'], b64: false }),
    code: 'signature_changed',
  },
  'with the payload in the JWS': { file: (text) => text.replace('..', '.e30.'), code: 'signature_changed' },
  'with another spelling of the signature': {
    // The last character has four bits that no byte takes.
    file: (text) =>
      text.replace(
        /(\.\.[\w-]{85})([AQgw])/,
        (_all, before: string, last: string) => `${before}${String.fromCharCode(last.charCodeAt(0) + 1)}`,
      ),
    code: 'signature_changed',
  },
  'written anew, with the signature that was there': {
    file: async (_text, format) =>
      inSignature(await forged(format, asIf('succeeded')), () => signatureOf(exported[format])),
    code: 'signature_of_another',
  },
  'written anew and signed by somebody else': {
    file: (_text, format) => forged(format, asIf('succeeded')),
    code: 'key_unknown',
  },
  'written anew as of an older release': {
    file: async (_text, format) => withoutSignature(await forged(format, (record) => asVersion1(record)), format),
    code: 'unsigned',
  },
  'with a byte order mark, or without': {
    file: (text) => (text.startsWith('\u{feff}') ? text.slice(1) : `\u{feff}${text}`),
    code: REFUSED_AS_JSON('respelled', 'signed'),
  },
  'with other line ends': {
    file: (text) => (text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text.replaceAll('\n', '\r\n')),
    code: REFUSED_AS_JSON('respelled', 'signed'),
  },
  'with a blank behind the first line': {
    file: (text) => text.replace(/\r?\n/, ' $&'),
    code: { ndjson: 'changed', json: 'respelled', csv: 'other_columns' },
  },
  'no proof at all': { file: () => '%PDF-1.7\n', code: 'other_columns' },
};

const asIf = (state: string) => (record: any) =>
  record.type === 'deletion' ? { ...record, state, errcode: 0 } : record;
const asVersion1 = (record: any) => (record.type === 'header' ? { ...record, version: 1 } : record);
const withoutSignature = (text: string, format: ProofFormat) =>
  format === 'json'
    ? `${text.slice(0, signatureAt(text)).replace(/,\n$/, '')}\n]}\n`
    : text.slice(0, signatureAt(text));

async function fileOf(name: string, format: ProofFormat): Promise<{ text: string; jwks: KeySet | undefined }> {
  const { file, keys = () => jwks } = TABLE[name] ?? { code: '' };
  const text = file ? await file(exported[format], format) : exported[format];
  if (file) expect(text).not.toBe(exported[format]);
  return { text, jwks: keys() };
}

/** In pieces, as files are read. */
const piecesOf = (text: string) => text.match(/[^]{1,1000}/g) ?? [];

describe('an export', () => {
  it('is signed with one key, though the first ones are made at once', async () => {
    expect((await system.call('GET', '/.well-known/jwks.json')).body).toEqual({ keys: [] });
    [exported, another] = await Promise.all([all(), all()]);
    const answer = await fetch(`${system.url}/.well-known/jwks.json`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
    jwks = (await answer.json()) as typeof jwks;
    expect(jwks).toEqual({
      keys: [
        {
          kty: 'OKP',
          crv: 'Ed25519',
          use: 'sig',
          x: expect.stringMatching(/^[\w-]{43}$/),
          kid: expect.stringMatching(/^[\w-]{43}$/),
          iat: expect.any(Number),
        },
      ],
    });
    const made = await system.call('GET', '/v1/audit-events?action=proof_key.made');
    expect(made.body.data).toMatchObject([{ subject: { type: 'proof_key', id: kid() } }]);
    const stored = await system.sql<{ private_key_sealed: string }>('SELECT private_key_sealed FROM proof_keys');
    expect(stored).toEqual([{ private_key_sealed: expect.stringMatching(/^v1\.test\./) }]);
  });

  it('ends with a detached JWS that any library verifies', async () => {
    const { type, prev_hash, jws, ...payload } = JSON.parse(signatureOf(exported.ndjson));
    expect({ type, ...payload }).toMatchObject({
      type: 'signature',
      subject: 'takedown',
      id: takedown,
      count: 3,
      issuer: ISSUER,
    });
    const { count, id, issuer, signed_at, subject } = payload;
    const covered = JSON.stringify({ count, id, issuer, last_hash: prev_hash, signed_at, subject });
    const [head = '', , signature = ''] = String(jws).split('.');
    const whole = { protected: head, payload: Buffer.from(covered).toString('base64url'), signature };
    expect(await flattenedVerify(whole, createLocalJWKSet(jwks as never))).toMatchObject({
      protectedHeader: { alg: 'EdDSA', kid: kid() },
    });
  });

  it.each(FORMATS)('as %s is judged by what was done to it', async (format) => {
    const judged: Record<string, string> = {};
    for (const name of Object.keys(TABLE)) {
      const { text, jwks: keys } = await fileOf(name, format);
      judged[name] = (await verifyProof(piecesOf(text), keys)).code;
    }
    const expected = Object.entries(TABLE).map(([name, { code }]) => [
      name,
      typeof code === 'string' ? code : code[format],
    ]);
    expect(judged).toEqual(Object.fromEntries(expected));
  });

  it('is judged in the page that needs no network as it is here', async () => {
    const files = [];
    for (const format of FORMATS) for (const name of Object.keys(TABLE)) files.push(await fileOf(name, format));
    const reports = await Promise.all(files.map(({ text, jwks: keys }) => verifyProof([text], keys)));
    const input = JSON.stringify(files);
    const output = execFileSync(process.execPath, ['test/support/verify-page.mjs'], { input, maxBuffer: 1e8 });
    expect(JSON.parse(output.toString())).toEqual(JSON.parse(JSON.stringify(reports)));
  });
});

/** A script of the api, built. */
const run = (script: string, args: string[], env: Record<string, string> = {}) =>
  new Promise<{ code: unknown; out: string; err: string }>((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env } };
    execFile(process.execPath, [`dist/apps/api/src/${script}.js`, ...args], options, (error, out, err) =>
      resolve({ code: error ? error.code : 0, out, err }),
    );
  });

async function kept(name: string, text: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, text);
  return path;
}

describe('npm run verify-proof', () => {
  it('tells in words and by its exit code what was checked', async () => {
    const [file, keys] = [await kept('a.ndjson', exported.ndjson), await kept('jwks.json', JSON.stringify(jwks))];
    expect(await run('verify-proof', [file, '--jwks', keys])).toEqual({
      code: 0,
      out: expect.stringMatching(
        /^ok: 3 deletions, last hash [0-9a-f]{64}\n\nThe file is as it was issued\.\n[^]*signed for https:/,
      ),
      err: '',
    });
    expect(await run('verify-proof', [file])).toEqual({
      code: 3,
      out: expect.stringMatching(/^chain only: 3 deletions[^]*Only the chain was checked[^]*no key file was given/),
      err: '',
    });
    expect(await run('verify-proof', [await kept('b.ndjson', swapLines(exported.ndjson)), '--jwks', keys])).toEqual({
      code: 1,
      out: '',
      err: expect.stringMatching(/^not ok: line 2 does not follow the one before it\n\nDo not rely on this file\./),
    });
  });

  it('takes keys from an address, and tells a file that it cannot read from one that is wrong', async () => {
    const file = await kept('a.ndjson', exported.ndjson);
    expect(await run('verify-proof', [file, '--jwks', `${system.url}/.well-known/jwks.json`])).toMatchObject({
      code: 0,
    });
    for (const args of [[], [join(folder, 'none')], [file, '--jwks', file], [file, '--jwks', `${system.url}/none`]]) {
      expect(await run('verify-proof', args)).toMatchObject({ code: 2, out: '', err: expect.stringMatching(/.\n$/) });
    }
  });
});

describe('npm run rotate-proof-key', () => {
  const settings = () => {
    const { DATABASE_URL = '', MASTER_KEYS = '', BOOTSTRAP_API_KEY = '' } = system.environment;
    return { DATABASE_URL, MASTER_KEYS, BOOTSTRAP_API_KEY };
  };
  const rotate = (args: string[] = [], env: Record<string, string> = {}) =>
    run('rotate-proof-key', args, { ...settings(), ...env });
  const keySet = async () => (await system.call('GET', '/.well-known/jwks.json')).body;
  const codeOf = async (text: string) => (await verifyProof([text], await keySet())).code;

  it('has a new key sign at once, and keeps what the old one signed', async () => {
    const before = kid();
    expect(await rotate()).toMatchObject({ code: 0, out: expect.stringContaining(`The key ${before} stays`) });
    const { keys } = await keySet();
    expect(keys).toMatchObject([{ kid: before, exp: expect.any(Number) }, { kid: expect.any(String) }]);
    expect(keys[1]).not.toHaveProperty('exp');
    const [old, fresh] = [exported.csv, await exportOf('csv')];
    expect([await codeOf(old), await codeOf(fresh)]).toEqual(['signed', 'signed']);
    expect((await verifyProof([fresh], await keySet())).signature).toMatchObject({ kid: keys[1].kid });
    // A key file from before knows nothing of the new key.
    expect((await verifyProof([fresh], jwks)).code).toBe('key_unknown');
    const { body } = await system.call('GET', '/v1/audit-events?action=proof_key.rotated');
    expect(body.data).toMatchObject([
      { subject: { id: keys[1].kid }, role: 'admin', ip: 'local', data: { retired: before, compromised: false } },
    ]);
  });

  it('revokes a key that somebody else knows', async () => {
    const text = await exportOf('ndjson');
    expect(await rotate(['--compromised'])).toMatchObject({ code: 0, out: expect.stringContaining('is revoked') });
    expect(await codeOf(text)).toBe('key_revoked');
    expect(await codeOf(exported.ndjson)).toBe('signed');
    expect(await codeOf(await exportOf('ndjson'))).toBe('signed');
  });

  it('revokes one that has retired by its name, and then all', async () => {
    const { keys: before } = await keySet();
    const retired = kid();
    expect(await codeOf(exported.ndjson)).toBe('signed');
    expect(await rotate([`--kid=${retired}`])).toEqual({
      code: 0,
      out: `The key ${retired} is revoked: export anew what it signed.\n`,
      err: '',
    });
    expect(await codeOf(exported.ndjson)).toBe('key_revoked');
    const { keys } = await keySet();
    expect(keys).toEqual([{ ...before[0], revoked: { revoked_at: expect.any(Number) } }, ...before.slice(1)]);
    const fresh = await exportOf('json');
    expect(await codeOf(fresh)).toBe('signed');
    expect(await rotate([`--kid=${retired}`])).toMatchObject({
      code: 0,
      out: expect.stringContaining('revoked before'),
    });
    const { body } = await system.call('GET', '/v1/audit-events?action=proof_key.revoked');
    // The newest first; the other one was revoked as it retired.
    expect(body.data.map(({ subject }: any) => subject.id)).toEqual([retired, before[1].kid]);

    for (const args of [
      ['--kid=none'],
      ['--kid'],
      ['--all', '--compromised'],
      ['--all', `--kid=${retired}`],
      ['all'],
    ]) {
      expect(await rotate(args)).toEqual({
        code: 2,
        out: '',
        err: expect.stringMatching(/^(usage:|There is no).*\n$/),
      });
    }
    expect((await keySet()).keys).toEqual(keys);

    expect(await rotate(['--all'])).toMatchObject({ code: 0, out: expect.stringContaining('is revoked') });
    const { keys: last } = await keySet();
    expect(last).toHaveLength(before.length + 1);
    expect(last.filter((key: object) => !('revoked' in key))).toEqual([last.at(-1)]);
    expect(await codeOf(fresh)).toBe('key_revoked');
    expect(await codeOf(await exportOf('json'))).toBe('signed');
  });

  it('changes nothing for who is no admin', async () => {
    const before = await keySet();
    const viewer = await system.call('POST', '/v1/api-keys', { name: 'v', role: 'viewer' });
    const limited = await system.call('POST', '/v1/api-keys', {
      name: 'l',
      role: 'admin',
      platforms: [PLATFORM.component_appid],
    });
    const strangers = [viewer.body.key, limited.body.key, `rk_${randomBytes(32).toString('base64url')}`];
    for (const key of strangers) {
      expect(await rotate([], { BOOTSTRAP_API_KEY: key })).toEqual({
        code: 2,
        out: '',
        err: expect.stringMatching(/^Who /),
      });
    }
    const fromFile = { DATABASE_URL: settings().DATABASE_URL, MASTER_KEYS: settings().MASTER_KEYS };
    const none = { ...fromFile, FIRST_KEY_FILE: join(folder, 'none') };
    expect(await run('rotate-proof-key', [], none)).toMatchObject({ code: 2 });
    expect(await keySet()).toEqual(before);
    const FIRST_KEY_FILE = await kept('first-admin-key', `${system.apiKey}\n`);
    expect(await run('rotate-proof-key', [], { ...fromFile, FIRST_KEY_FILE })).toMatchObject({ code: 0 });
    // It starts five processes, one after another.
  });

  it('is counted by npm run keys, and sealed anew with the rest', async () => {
    expect((await run('keys', [], settings())).out).toMatch(/^proof_keys +1$/m);
  });
});
