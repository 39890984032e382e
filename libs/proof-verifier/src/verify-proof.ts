/**
 * Checks an exported proof: its chain of hashes and its signature. The file imports nothing and needs nothing but WebCrypto, for
 * docs/verify.html has it as it is. It takes a proof to the letter: of two equal names, readers see either.
 */

/** `signed`: chain and signature hold. `chain_only`: the chain holds, and nothing says whose it is. `refused`: do not rely on it. */
export type Verdict = 'signed' | 'chain_only' | 'refused';

/** What is wrong with a proof that is refused. */
export type ProofFault =
  | 'empty'
  | 'cut_off'
  | 'behind_end'
  | 'misplaced'
  | 'out_of_order'
  | 'changed'
  | 'miscounted'
  | 'not_json'
  | 'not_csv'
  | 'other_columns'
  | 'other_version'
  | 'respelled'
  | 'other_export'
  | 'signature_missing'
  | 'signature_changed'
  | 'signature_of_another'
  | 'signature_wrong'
  | 'key_unknown'
  | 'key_misnamed'
  | 'key_revoked'
  | 'key_retired';

/** Why only the chain was checked. */
export type Unchecked = 'no_keys' | 'unsigned' | 'no_ed25519';

export interface ProofReport {
  verdict: Verdict;
  code: 'signed' | Unchecked | ProofFault;
  /** Where the file does not fit. */
  line?: number;
  /** What a file that is whole is about. */
  proof?: ProofFacts;
  /** What its signature says; true only where the verdict is `signed`. */
  signature?: { issuer: string; signedAt: string; kid: string; retiredAt?: string };
}

export interface ProofFacts {
  subject: string;
  id: string;
  /** Of its deletions. */
  count: number;
  exportedAt: string;
  lastHash: string;
  /** Of a period: the appids of the merchants and platforms to which it is confined, if it is. */
  only?: string[];
}

/** RFC 7517. Of its keys those for Ed25519 are used. */
export interface KeySet {
  keys: readonly unknown[];
}

export interface CheckOptions {
  /** What was noted of the export's end, if anything was. */
  lastHash?: string | undefined;
  /** In hex. Node has one that is faster than WebCrypto's. */
  sha256?: (text: string) => string | Promise<string>;
}

type Text = AsyncIterable<string> | Iterable<string>;

/** A text that is no key set. */
export class KeySetUnreadable extends Error {
  readonly code = 'key_set_unreadable';
  override readonly name = 'KeySetUnreadable';
}

/** @throws KeySetUnreadable */
export function readKeySet(text: string): KeySet {
  let set: unknown;
  try {
    set = JSON.parse(text.replace(/^\u{feff}/u, ''));
  } catch (cause) {
    throw new KeySetUnreadable('The key file is not JSON.', { cause });
  }
  if (!isObject(set) || !Array.isArray(set.keys)) throw new KeySetUnreadable('The key file is no JSON Web Key Set.');
  return { keys: set.keys as unknown[] };
}

/**
 * @param text the file, in pieces of any size, decoded as UTF-8 with its byte order mark, if it has one
 * @param jwks the keys of whoever is said to have issued it; without them only the chain is checked
 */
export async function verifyProof(text: Text, jwks?: KeySet, options: CheckOptions = {}): Promise<ProofReport> {
  try {
    const { proof, signature } = await readChain(text, options.sha256 ?? webSha256);
    if (options.lastHash !== undefined && options.lastHash !== proof.lastHash)
      throw new Refused('other_export', 0, proof);
    if (!signature) return { verdict: 'chain_only', code: 'unsigned', proof };
    return { ...(await checkSignature(proof, signature, jwks)), proof };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { fault, line, proof } = error;
    return { verdict: 'refused', code: fault, ...(line > 0 && { line }), ...(proof && { proof }) };
  }
}

class Refused extends Error {
  constructor(
    readonly fault: ProofFault,
    readonly line: number,
    readonly proof?: ProofFacts,
  ) {
    super(fault);
  }
}

// The chain.

/** What the first record follows. */
const START = '0'.repeat(64);

type Fields = Record<string, unknown>;

interface Line {
  line: number;
  record: Fields;
  /** Each is text, and those that it lacks are empty. */
  isCells?: boolean;
}

interface SignatureLine {
  line: number;
  issuer: string;
  signedAt: string;
  jws: string;
}

async function readChain(text: Text, sha256: NonNullable<CheckOptions['sha256']>) {
  let lastHash = START;
  let count = 0;
  let last = 0;
  let header: Fields | undefined;
  let type: unknown;
  let signature: SignatureLine | undefined;
  const facts = (of: Fields): ProofFacts => ({
    subject: String(of.subject),
    id: String(of.id),
    count,
    exportedAt: String(of.exported_at),
    lastHash,
    ...(of.subject === 'period' && onlyOf(of)),
  });
  for await (const { line, record, isCells } of recordsOf(text)) {
    last = line;
    if (header && type === 'trailer' && record.type === 'signature') {
      if (Number(header.version) < 2) throw new Refused('misplaced', line);
      signature = readSignature(line, record, isCells ?? false, facts(header));
      ({ type } = record);
      continue;
    }
    if (type === 'trailer' || type === 'signature') throw new Refused('behind_end', line);
    const { hash, ...hashed } = record;
    if (hashed.prev_hash !== lastHash) throw new Refused('out_of_order', line);
    if ((await sha256(canonicalJson(hashed))) !== hash) throw new Refused('changed', line);
    if (!['header', 'deletion', 'trailer'].includes(String(record.type))) throw new Refused('misplaced', line);
    if ((header === undefined) !== (record.type === 'header')) throw new Refused('misplaced', line);
    header ??= record;
    if (![1, 2].includes(Number(header.version))) throw new Refused('other_version', line);
    if (record.type === 'deletion') count += 1;
    if (record.type === 'trailer' && Number(record.count) !== count) throw new Refused('miscounted', line);
    ({ type } = record);
    lastHash = hash;
  }
  if (!header) throw new Refused('empty', last + 1);
  if (type !== 'trailer' && type !== 'signature') throw new Refused('cut_off', last + 1);
  // Since version 2 every export ends with a signature.
  if (!signature && Number(header.version) >= 2) throw new Refused('signature_missing', last + 1);
  return { proof: facts(header), signature };
}

/** In CSV, lists stand in the cells of a deletion's merchant and platform. */
function onlyOf({ merchants, merchant, platforms, component_appid: platform }: Fields): { only?: string[] } {
  const listIn = (value: unknown) => {
    if (Array.isArray(value)) return value.map(String);
    return typeof value === 'string' ? value.match(/[\w-]+/g) : undefined;
  };
  const only = [merchants ?? merchant, platforms ?? platform].flatMap((value) => listIn(value) ?? []);
  return only.length > 0 ? { only } : {};
}

/** JSON without white space and with the keys of every object sorted: what hashes and signatures cover. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    isObject(part) ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1))) : part,
  );
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

async function webSha256(text: string): Promise<string> {
  return hexOf(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))));
}

const hexOf = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

// The signature: a detached JWS (RFC 7515, appendix F). Its payload is not in the file, but made of what the file says.

const SIGNATURE_FIELDS = ['type', 'subject', 'id', 'count', 'issuer', 'signed_at', 'jws', 'prev_hash'];

/** One that speaks of another export than this is found here, without any key. */
function readSignature(line: number, record: Fields, isCells: boolean, proof: ProofFacts): SignatureLine {
  for (const [name, value] of Object.entries(record)) {
    const isBlank = isCells && value === '';
    if (!SIGNATURE_FIELDS.includes(name) && !isBlank) throw new Refused('signature_changed', line);
  }
  const { issuer, signed_at: signedAt, jws } = record;
  if (typeof issuer !== 'string' || typeof signedAt !== 'string' || typeof jws !== 'string') {
    throw new Refused('signature_changed', line);
  }
  const { subject, id, count, lastHash } = proof;
  const speaksOf = [record.subject, record.id, String(record.count), record.prev_hash];
  if (speaksOf.join() !== [subject, id, count, lastHash].join()) throw new Refused('signature_of_another', line);
  return { line, issuer, signedAt, jws };
}

/** A key signs no more once it is retired; a file that was just being signed was signed all the same. */
const RETIRING_MS = 5 * 60_000;

async function checkSignature(
  { subject, id, count, lastHash }: ProofFacts,
  { line, issuer, signedAt, jws }: SignatureLine,
  jwks: KeySet | undefined,
): Promise<Omit<ProofReport, 'proof'>> {
  const [head = '', payload, sign = '', ...more] = jws.split('.');
  const { alg, kid, crit } = headerOf(head) ?? {};
  const signatureBytes = decode(sign);
  const isOurs = (alg === 'EdDSA' || alg === 'Ed25519') && typeof kid === 'string' && crit === undefined;
  if (!isOurs || payload !== '' || more.length > 0 || !signatureBytes || Number.isNaN(Date.parse(signedAt))) {
    throw new Refused('signature_changed', line);
  }
  const signature = { issuer, signedAt, kid };
  if (!jwks) return { verdict: 'chain_only', code: 'no_keys', signature };
  const key = jwks.keys.find(
    (found): found is Fields & { x: string } =>
      isObject(found) && found.kid === kid && found.crv === 'Ed25519' && typeof found.x === 'string',
  );
  if (!key) throw new Refused('key_unknown', line);
  const publicKey = { crv: 'Ed25519', kty: 'OKP', x: key.x };
  // A key's name is its fingerprint (RFC 7638): nobody can give another key by the same name.
  if ((await fingerprint(publicKey)) !== kid) throw new Refused('key_misnamed', line);
  let imported;
  try {
    imported = await crypto.subtle.importKey('jwk', publicKey, { name: 'Ed25519' }, false, ['verify']);
  } catch (error) {
    if ((error as { name?: unknown } | undefined)?.name !== 'NotSupportedError')
      throw new Refused('signature_wrong', line);
    return { verdict: 'chain_only', code: 'no_ed25519', signature };
  }
  const covered = canonicalJson({ count, id, issuer, last_hash: lastHash, signed_at: signedAt, subject });
  const signed = new TextEncoder().encode(`${head}.${encode(new TextEncoder().encode(covered))}`);
  if (!(await crypto.subtle.verify('Ed25519', imported, signatureBytes, signed))) {
    throw new Refused('signature_wrong', line);
  }
  if (key.revoked !== undefined) throw new Refused('key_revoked', line);
  if (key.exp === undefined) return { verdict: 'signed', code: 'signed', signature };
  // An end that is no moment is none before which anything was signed.
  const retired = new Date(Number(key.exp) * 1_000);
  if (!(Date.parse(signedAt) <= retired.getTime() + RETIRING_MS)) throw new Refused('key_retired', line);
  return { verdict: 'signed', code: 'signed', signature: { ...signature, retiredAt: retired.toISOString() } };
}

function headerOf(head: string): Fields | undefined {
  try {
    const header: unknown = JSON.parse(new TextDecoder().decode(decode(head)));
    return isObject(header) ? header : undefined;
  } catch {
    return undefined;
  }
}

async function fingerprint(publicKey: object): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJson(publicKey)));
  return encode(new Uint8Array(hash));
}

function encode(bytes: Uint8Array): string {
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return base64.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** Of several spellings of the same bytes only one is taken. */
function decode(base64url: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const binary = atob(base64url.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return encode(bytes) === base64url ? bytes : undefined;
  } catch {
    return undefined;
  }
}

// The three formats.

const JSON_HEAD = '{"data":[';
const JSON_TAIL = ']}';

/** As proofs have them now, and had them before. */
const COLUMNS = [
  'type,subject,version,id,merchant,component_appid,msg_id,article_idx,message_articles,url,asked_url,state,proof,proof_note,' +
    'outcome_code,errcode,errmsg,rid,reason,requested_by,request_id,takedown,counted_as,created_at,finished_at,exported_at,calls,' +
    'count,issuer,signed_at,jws,prev_hash,hash',
  'type,subject,version,id,merchant,component_appid,msg_id,article_idx,message_articles,url,asked_url,state,proof,proof_note,' +
    'outcome_code,errcode,errmsg,rid,reason,requested_by,request_id,takedown,counted_as,created_at,finished_at,exported_at,calls,' +
    'count,prev_hash,hash',
  'type,subject,version,id,merchant,component_appid,msg_id,article_idx,url,state,proof,outcome_code,errcode,errmsg,rid,reason,' +
    'requested_by,request_id,takedown,created_at,finished_at,exported_at,calls,count,prev_hash,hash',
];

interface TextLine {
  line: number;
  text: string;
}

async function* recordsOf(text: Text): AsyncGenerator<Line> {
  const lines = linesOf(text);
  const first = await lines.next();
  if (first.done) return;
  async function* all() {
    yield (first as { value: TextLine }).value;
    yield* lines;
  }
  if (!/^\u{feff}?\{/u.test(first.value.text)) yield* csvRecords(all());
  else if (first.value.text.trimEnd() === JSON_HEAD) yield* jsonRecords(all());
  else yield* ndjsonRecords(all());
}

async function* ndjsonRecords(lines: AsyncGenerator<TextLine>): AsyncGenerator<Line> {
  for await (const { line, text } of lines) yield { line, record: readJson(line, text) };
}

/** One record a line, between a line that opens the list and one that closes it. */
async function* jsonRecords(lines: AsyncGenerator<TextLine>): AsyncGenerator<Line> {
  let last = 0;
  let isClosed = false;
  let hasMore = true;
  for await (const { line, text } of lines) {
    last = line;
    if (text.endsWith('\r') || (line === 1 && text !== JSON_HEAD)) throw new Refused('respelled', line);
    if (line === 1) continue;
    if (isClosed) throw new Refused('behind_end', line);
    isClosed = text === JSON_TAIL;
    if (isClosed !== !hasMore) throw new Refused('misplaced', line);
    if (isClosed) continue;
    hasMore = text.endsWith(',');
    yield { line, record: readJson(line, hasMore ? text.slice(0, -1) : text) };
  }
  if (!isClosed) throw new Refused('cut_off', last + 1);
}

function readJson(line: number, text: string): Fields {
  // Another program has put a byte order mark in front, or other line ends.
  if (/^\u{feff}|\r$/u.test(text)) throw new Refused('respelled', line);
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    throw new Refused('not_json', line);
  }
  if (!isObject(record) || JSON.stringify(record) !== text) throw new Refused('changed', line);
  return record;
}

/**
 * RFC 4180. A row goes on in the next line where its quotes are open, and, if the rows end with CR LF, where a line does not: older
 * releases wrote a lone line feed without quotes.
 */
async function* csvRecords(lines: AsyncGenerator<TextLine>): AsyncGenerator<Line> {
  let columns: string[] | undefined;
  let end = '';
  let row: string | undefined;
  let hasOpenQuotes = false;
  let begin = 1;
  const record = (cells: string[] | undefined): Line => {
    if (!columns || cells?.length !== columns.length) throw new Refused('not_csv', begin);
    return { line: begin, record: Object.fromEntries(columns.map((name, i) => [name, cells[i]])), isCells: true };
  };
  for await (const { line, text } of lines) {
    if (!columns) {
      columns = cellsOf(text.replace(/^\u{feff}/u, '')) ?? [];
      end = text.endsWith('\r') ? '\r' : '';
      if (!COLUMNS.includes(columns.join())) throw new Refused('other_columns', 1);
      continue;
    }
    if (row === undefined) begin = line;
    row = row === undefined ? text : `${row}\n${text}`;
    if ((text.split('"').length - 1) % 2 === 1) hasOpenQuotes = !hasOpenQuotes;
    if (hasOpenQuotes || !text.endsWith(end)) continue;
    yield record(cellsOf(row));
    row = undefined;
  }
  if (row !== undefined) yield record(cellsOf(row));
}

function cellsOf(row: string): string[] | undefined {
  const cell = /(?:"([^"]*(?:""[^"]*)*)"|([^",]*?))(,|\r?$)/y;
  const cells: string[] = [];
  for (;;) {
    const found = cell.exec(row);
    if (!found) return undefined;
    const [, quoted, plain = '', end] = found;
    cells.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') return cells;
  }
}

/** At line feeds alone: other ends of a line may stand in a text. */
async function* linesOf(text: Text): AsyncGenerator<TextLine> {
  let line = 0;
  let rest = '';
  for await (const piece of text) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const whole of lines) yield { line: (line += 1), text: whole };
  }
  if (rest !== '') yield { line: line + 1, text: rest };
}
