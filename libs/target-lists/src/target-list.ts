import { isLosslessNumber, parse as parseLossless } from 'lossless-json';
import { cellsOf, delimiterOf, rowsOf } from './rows.js';

/** What a line asks for, as `POST /v1/takedowns` takes it in a line of NDJSON. */
export interface TargetLine {
  merchant?: string;
  component_appid?: string;
  msg_id?: string;
  article_idx?: number;
  whole_message?: boolean;
  url?: string;
  [field: string]: unknown;
}

/** Counts for lines that do not say it themselves. */
export interface TargetDefaults {
  merchant?: string | undefined;
  article?: number | undefined;
  wholeMessage?: boolean | undefined;
}

/** Why nobody knows what a line asks for. Stable. */
export type FaultCode =
  | 'nothing_named'
  | 'several_links'
  | 'several_appids'
  | 'ambiguous_cell'
  | 'msg_id_too_short'
  | 'not_an_appid'
  | 'not_an_article_link'
  | 'text_behind_link'
  | 'msg_id_shortened'
  | 'not_a_msg_id'
  | 'article_and_whole_message'
  | 'article_zero'
  | 'not_an_article_number'
  | 'not_yes_or_no'
  | 'target_named_twice'
  | 'body_has_options'
  | 'not_json'
  | 'not_an_item'
  | 'merchant_missing'
  | 'article_missing';

export interface TargetList {
  targets: { line: number; target: TargetLine }[];
  /** Lines of which nobody knows what they ask for. */
  faults: { line: number; code: FaultCode; why: string; text: string }[];
  /** Lines that ask for nothing: blank ones, comments, the names of columns. */
  passedOver: number;
}

class NotUnderstood extends Error {
  constructor(
    readonly code: FaultCode,
    message: string,
  ) {
    super(message);
  }
}

type Column = 'merchant' | 'component_appid' | 'msg_id' | 'article' | 'whole' | 'url';

const NAMES: Record<Column, string[]> = {
  merchant: ['merchant', 'appid', 'authorizerappid', 'merchantappid', '公众号appid'],
  component_appid: ['componentappid', 'platform'],
  msg_id: ['msgid', 'messageid', 'massmsgid', '消息id'],
  // A bare `idx` is not among them, for people number their rows by it.
  article: ['article', 'articleidx', 'articleindex'],
  whole: ['wholemessage', 'whole'],
  url: ['url', 'link', 'address', 'articleurl', '链接', '文章链接', '网址'],
};
const COLUMNS = new Map(
  Object.entries(NAMES).flatMap(([column, names]) => names.map((name) => [name, column as Column])),
);

const HOST = 'mp.weixin.qq.com';
const WHOLE = /^(all|whole|whole[_ ]message|整条|全部)$/i;
const YES = /^(true|yes|y|1|x|是|对|真)$/i;
const NO = /^(false|no|n|0|否|不|不是|假)$/i;
const EXCERPT = 80;

/**
 * Understands a list as people have it: links, or accounts with msg_ids; one a line, as cells of a spreadsheet, CSV with or
 * without the names of its columns, or JSON. What was deleted cannot be brought back: where a line may mean two things, it
 * is reported, not guessed.
 */
export function readTargets(text: string, defaults: TargetDefaults = {}): TargetList {
  const whole = readDocument(text, defaults);
  if (whole) return whole;
  const list: TargetList = { targets: [], faults: [], passedOver: 0 };
  const rows = rowsOf(text);
  const torn = rows.find((row) => BODY_LIST.test(row.text));
  if (torn) {
    add(list, torn.line, torn.text, () => ofTornBody(), defaults);
    return list;
  }
  let header: Header | undefined;
  for (const { line, text: row } of rows) {
    const bare = row.trim();
    if (isNothing(bare)) {
      list.passedOver += 1;
      continue;
    }
    const names = bare.startsWith('{') ? undefined : headerOf(row);
    if (names) {
      header = names;
      list.passedOver += 1;
      continue;
    }
    add(list, line, row, () => (bare.startsWith('{') ? ofJson(readJson(bare)) : ofRow(row, header)), defaults);
  }
  return list;
}

/** A JSON document over many lines: a list, or the body of a request. Its entries are counted instead of lines. */
function readDocument(text: string, defaults: TargetDefaults): TargetList | undefined {
  const bare = text.replace(/^\ufeff/, '').trim();
  if (!/^[[{]/.test(bare)) return undefined;
  let document: unknown;
  try {
    document = parseLossless(bare);
  } catch {
    return undefined;
  }
  const list: TargetList = { targets: [], faults: [], passedOver: 0 };
  const entries = Array.isArray(document) ? document : entriesOfBody(document as Record<string, unknown>);
  if (entries) entries.forEach((entry, i) => add(list, i + 1, inWords(entry), () => ofJson(entry), defaults));
  else add(list, 1, bare, () => ofBodyWithOptions(document as object), defaults);
  return list;
}

/**
 * Options of a body, such as an undo window, bind its list. They cannot come into what is understood here, and without them
 * the list would be another request.
 * @returns undefined where there is more than the list
 */
function entriesOfBody(body: Record<string, unknown>): unknown[] | undefined {
  const list = [body.items, body.urls].find(Array.isArray);
  if (!list) return [body];
  return Object.keys(body).length === 1 ? list : undefined;
}

function ofBodyWithOptions(body: object): never {
  const names = Object.keys(body).join(', ');
  const advice = 'send the body to the API as it is, or paste one list and say the rest beside it';
  throw new NotUnderstood('body_has_options', `the body of a request with more than one list (${names}): ${advice}`);
}

/** The list of a body by its name, in text that is not JSON as a whole: its lines alone would lose what stands around them. */
const BODY_LIST = /"(items|urls)"\s*:\s*\[/;

function ofTornBody(): never {
  throw new NotUnderstood('not_json', 'not JSON: the body of a request is cut off, or stands among other lines');
}

function add(list: TargetList, line: number, text: string, read: () => TargetLine, defaults: TargetDefaults): void {
  try {
    list.targets.push({ line, target: completed(read(), defaults) });
  } catch (error) {
    if (!(error instanceof NotUnderstood)) throw error;
    const excerpt = text.trim().replace(/\s+/g, ' ');
    list.faults.push({
      line,
      code: error.code,
      why: error.message,
      text: excerpt.length > EXCERPT ? `${excerpt.slice(0, EXCERPT)}…` : excerpt,
    });
  }
}

const isNothing = (row: string) =>
  /^[\s,;|"'，、\p{Cf}]*$/u.test(row) ||
  row.startsWith('#') ||
  /^\/\/(?!mp\.)/.test(row) ||
  /^[[\]],?$/.test(row) ||
  /^sep=.$/i.test(row);

interface Header {
  delimiter: string | undefined;
  columns: (Column | undefined)[];
}

/** A row of names: it has one that is known, and nothing that could be a target. */
function headerOf(row: string): Header | undefined {
  if (row.includes(HOST)) return undefined;
  const delimiter = delimiterOf(row);
  const cells = cellsOf(row, delimiter);
  if (cells.some((cell) => /^\d+$/.test(cell) || isAppid(cell))) return undefined;
  const columns = cells.map((cell) => COLUMNS.get(cell.toLowerCase().replace(/[\s_-]/g, '')));
  return columns.some((column) => column !== undefined) ? { delimiter, columns } : undefined;
}

function ofRow(row: string, header: Header | undefined): TargetLine {
  const isLinkAlone = row.includes(HOST) && header?.delimiter !== undefined && !row.includes(header.delimiter);
  if (header && !isLinkAlone) return ofNamedCells(cellsOf(row, header.delimiter), header.columns);
  const delimiter = delimiterOf(row);
  const cells = cellsOf(row, delimiter);
  const isSpaced = delimiter === undefined && !row.includes(HOST);
  return ofCells(isSpaced ? (cells[0] ?? '').split(/\s+/) : cells);
}

function ofNamedCells(cells: string[], columns: (Column | undefined)[]): TargetLine {
  // A delimiter that stands in a cell without quotes moves all cells behind it.
  if (cells.length > columns.length)
    throw new NotUnderstood('ambiguous_cell', 'more cells than the columns have names');
  const at = (column: Column) => {
    const values = new Set(cells.filter((cell, i) => columns[i] === column && cell !== ''));
    if (values.size > 1) throw new NotUnderstood('ambiguous_cell', `several columns name ${column}, and do not agree`);
    return [...values][0];
  };
  const [merchant, component_appid, msgId, url] = [at('merchant'), at('component_appid'), at('msg_id'), at('url')];
  if (url === undefined && msgId === undefined) throw new NotUnderstood('nothing_named', 'neither a link nor a msg_id');
  return {
    ...(merchant !== undefined && { merchant: asAppid(merchant) }),
    ...(component_appid !== undefined && { component_appid: asAppid(component_appid) }),
    ...(url !== undefined && { url: linkIn(url) }),
    ...(msgId !== undefined && { msg_id: asMsgId(msgId) }),
    ...articleOf(at('article'), at('whole')),
  };
}

/** Without names, by what each cell looks like. A link says all: numbers beside it may be anything, of rows or readers. */
function ofCells(cells: string[]): TargetLine {
  const wide = cells.map((cell) => (cell.includes(HOST) ? cell : cell.normalize('NFKC')));
  const given = wide.filter((cell) => cell !== '');
  const links = given.filter((cell) => cell.includes(HOST));
  const appids = [...new Set(given.filter(isAppid))];
  if (links.length > 1) throw new NotUnderstood('several_links', 'several links on one line');
  if (appids.length > 1)
    throw new NotUnderstood('several_appids', 'several appids: name the columns in the first line');
  const [merchant] = appids;
  const [link] = links;
  if (link !== undefined) {
    const whole = given.some((cell) => WHOLE.test(cell)) && { whole_message: true };
    return { ...(merchant && { merchant }), url: linkIn(link), ...whole };
  }
  const rest = given.filter((cell) => !isAppid(cell));
  const [msgId, article, more] = rest;
  if (msgId === undefined || !/^\d/.test(msgId))
    throw new NotUnderstood('nothing_named', 'neither a link nor a msg_id');
  if (more !== undefined)
    throw new NotUnderstood('ambiguous_cell', `"${more}" may mean anything: name the columns in the first line`);
  const last = wide.findLastIndex((cell) => cell !== '');
  if (wide.slice(wide.indexOf(given[0] ?? ''), last).includes(''))
    throw new NotUnderstood('ambiguous_cell', 'a blank cell between others: name the columns in the first line');
  if (/^\d{1,3}$/.test(msgId)) throw new NotUnderstood('msg_id_too_short', `"${msgId}" is too short for a msg_id`);
  return { ...(merchant && { merchant }), msg_id: asMsgId(msgId), ...articleOf(article, undefined) };
}

const isAppid = (cell: string) => /^wx[0-9a-f]{16}$/i.test(cell);

function asAppid(cell: string): string {
  if (!/^[A-Za-z0-9_-]{4,64}$/.test(cell)) throw new NotUnderstood('not_an_appid', `"${cell}" is no appid`);
  return cell;
}

/** Words in front are a title. Behind it they may as well be the rest of a link that a blank has torn. */
function linkIn(cell: string): string {
  const start = cell.search(/\S*mp\.weixin\.qq\.com/);
  if (start < 0) throw new NotUnderstood('not_an_article_link', `"${cell}" is no link to an article`);
  const link = cell.slice(start);
  if (/\s/.test(link)) throw new NotUnderstood('text_behind_link', 'text stands behind the link');
  return link;
}

function asMsgId(cell: string): string {
  const text = cell.normalize('NFKC');
  if (/^\d+([.,]\d+)?e\+?\d+$/i.test(text)) {
    throw new NotUnderstood(
      'msg_id_shortened',
      `a spreadsheet has shortened the msg_id to "${cell}": make the column a text`,
    );
  }
  // As tables of numbers are exported. Beyond 2⁵³ they have lost digits.
  const digits = /^(\d+)\.0+$/.exec(text)?.[1];
  if (digits !== undefined && Number.isSafeInteger(Number(digits))) return digits;
  if (!/^[1-9]\d{0,18}$/.test(text)) throw new NotUnderstood('not_a_msg_id', `"${cell}" is no msg_id`);
  return text;
}

function articleOf(article: string | undefined, whole: string | undefined): TargetLine {
  const saysWhole = whole === undefined ? undefined : asYesOrNo(whole.normalize('NFKC'));
  const isAll = article !== undefined && WHOLE.test(article);
  if (article !== undefined && saysWhole !== undefined && saysWhole !== isAll) {
    throw new NotUnderstood('article_and_whole_message', 'the article and whole_message do not agree');
  }
  if (saysWhole || isAll) return { whole_message: true };
  if (article === undefined) return saysWhole === undefined ? {} : { whole_message: false };
  const text = article.normalize('NFKC').replace(/\.0+$/, '');
  if (text === '0')
    throw new NotUnderstood('article_zero', 'article 0 would be the whole message: write "all" if it shall go');
  if (!/^[1-9]\d{0,2}$/.test(text))
    throw new NotUnderstood('not_an_article_number', `"${article}" is no number of an article`);
  return { article_idx: Number(text) };
}

function asYesOrNo(cell: string): boolean {
  if (YES.test(cell) || WHOLE.test(cell)) return true;
  if (NO.test(cell)) return false;
  throw new NotUnderstood('not_yes_or_no', `"${cell}" says neither yes nor no to the whole message`);
}

function readJson(text: string): unknown {
  try {
    return parseLossless(text.replace(/,$/, ''));
  } catch (error) {
    throw new NotUnderstood('not_json', `not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Fields that are not known here are the service's to refuse. */
function ofJson(entry: unknown): TargetLine {
  if (typeof entry === 'string') return { url: linkIn(entry) };
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry))
    throw new NotUnderstood('not_an_item', 'not an object');
  const fields = Object.entries(entry).map(([name, value]): [string, unknown] => [name, withoutWrapping(name, value)]);
  const target: TargetLine = Object.fromEntries(fields);
  if (target.url === undefined && target.msg_id === undefined)
    throw new NotUnderstood('nothing_named', 'neither a url nor a msg_id');
  return target;
}

/** A msg_id keeps all its digits. */
function withoutWrapping(name: string, value: unknown): unknown {
  if (!isLosslessNumber(value)) return value;
  return name === 'msg_id' ? asMsgId(value.toString()) : Number(value.toString());
}

/**
 * A link beside numbers of the same article is one target only where both are known to be the same: a short link says nothing
 * of its article, and no link says its msg_id.
 */
function namedOnce({ url, ...target }: TargetLine): TargetLine {
  const { msg_id, article_idx, whole_message, ...rest } = target;
  if (url === undefined) return target;
  if (whole_message !== undefined && whole_message !== false)
    throw new NotUnderstood('target_named_twice', 'a link, which is one article, and the whole message');
  if (msg_id === undefined && article_idx === undefined) return { ...rest, url };
  if (article_idx === undefined || articleIn(url) !== article_idx)
    throw new NotUnderstood('target_named_twice', 'a link, and numbers that may be those of another article');
  return msg_id === undefined ? { ...rest, url } : target;
}

function articleIn(url: unknown): number | undefined {
  const found = [...String(url).matchAll(/[?&;]idx=(\d+)/g)].map(([, idx]) => Number(idx));
  return new Set(found).size === 1 ? found[0] : undefined;
}

/** @throws NotUnderstood where something that cannot be undone would have to be guessed */
function completed(target: TargetLine, { merchant, article, wholeMessage }: TargetDefaults): TargetLine {
  const named = { ...(merchant !== undefined && { merchant }), ...namedOnce(target) };
  if (named.msg_id === undefined) return named;
  if (named.merchant === undefined)
    throw new NotUnderstood(
      'merchant_missing',
      'a msg_id without an account: add its appid, or name one for all lines',
    );
  if (named.article_idx === undefined && named.whole_message === false)
    throw new NotUnderstood('article_missing', 'not the whole message, but no article either: add it');
  if (named.article_idx !== undefined || named.whole_message !== undefined) return named;
  if (article !== undefined) return { ...named, article_idx: article };
  if (wholeMessage) return { ...named, whole_message: true };
  throw new NotUnderstood('article_missing', 'neither an article nor "all": add it, or name one for all lines');
}

const inWords = (entry: unknown) => (typeof entry === 'string' ? entry : JSON.stringify(entry));
