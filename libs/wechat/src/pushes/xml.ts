import { XMLParser, XMLValidator } from 'fast-xml-parser';

/** Always text, never numbers: a msg_id must not lose digits. An element with no content is ''. */
export type XmlValue = string | XmlFields | XmlValue[];
/** Children of an element by name; a repeated name gives an array. Has no prototype, so only what was sent is found. */
export interface XmlFields {
  [name: string]: XmlValue;
}

export type XmlInput = string | number | bigint | XmlInputFields | XmlInput[];
export interface XmlInputFields {
  [name: string]: XmlInput;
}

/** Text that is not the plain `<xml>…</xml>` WeChat sends. The message never repeats the text. */
export class XmlError extends Error {
  override readonly name = 'XmlError';
  readonly code = 'xml_invalid';
}

/** WeChat's deepest push, MASSSENDJOBFINISH, has five levels. */
const MAX_DEPTH = 16;
const TEXT = '#text';
const CDATA = '#cdata';

// Order is kept so that text and CDATA stay apart: entities are decoded in the one and not in the other.
const parser = new XMLParser({
  preserveOrder: true,
  cdataPropName: CDATA,
  textNodeName: TEXT,
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  maxNestedTags: MAX_DEPTH,
  jPath: false,
});

/** A node as the parser yields it: one key, its name; children in order. */
type OrderedNode = Record<string, OrderedNode[] | string>;

/**
 * Reads the children of the root `<xml>`. Attributes are ignored, and so is text beside child elements.
 * @throws {XmlError} for anything but well-formed XML with that root, and for DOCTYPE, entities other than the five
 * predefined and numeric ones, deep nesting, and names that are JavaScript's own (`__proto__`)
 */
export function parseXml(text: string): XmlFields {
  // No row can hold NUL, and XML has none.
  const document = text.replace(/^\ufeff/, '').replaceAll('\0', '\ufffd');
  refuseDeclarations(document);
  if (XMLValidator.validate(document) !== true) throw new XmlError('not well-formed XML');
  const roots = parse(document).filter((node) => !(TEXT in node));
  const root = roots[0];
  const children = roots.length === 1 ? root?.['xml'] : undefined;
  if (!Array.isArray(children)) throw new XmlError('root element is not <xml>');
  return toFields(children);
}

/**
 * Writes `<xml>…</xml>` the way WeChat does: strings as CDATA, numbers bare, arrays as repeated elements.
 * @throws {XmlError} for a name that cannot be an element's
 */
export function buildXml(fields: XmlInputFields): string {
  return `<xml>${writeFields(fields)}</xml>`;
}

/** DOCTYPE and ENTITY exist for attacks only; the same characters inside CDATA are somebody's message and harmless. */
function refuseDeclarations(text: string): void {
  let at = text.indexOf('<!');
  while (at !== -1) {
    const close = text.startsWith('<![CDATA[', at) ? ']]>' : text.startsWith('<!--', at) ? '-->' : undefined;
    if (!close) throw new XmlError('XML declarations such as DOCTYPE are refused');
    const end = text.indexOf(close, at + 4);
    if (end === -1) throw new XmlError('not well-formed XML');
    at = text.indexOf('<!', end + close.length);
  }
}

function parse(text: string): OrderedNode[] {
  try {
    // The parser's answer has no type of its own; this is its documented shape for preserveOrder.
    return parser.parse(text) as OrderedNode[];
  } catch (cause) {
    throw new XmlError('XML is nested too deeply or uses a reserved name', { cause });
  }
}

function toFields(nodes: OrderedNode[]): XmlFields {
  const fields = Object.create(null) as XmlFields;
  for (const node of nodes) {
    const [name, content] = Object.entries(node)[0] ?? [];
    if (name === undefined || !Array.isArray(content) || name === CDATA) continue;
    const value = toValue(content);
    const earlier = fields[name];
    if (earlier === undefined) fields[name] = value;
    else if (Array.isArray(earlier)) earlier.push(value);
    else fields[name] = [earlier, value];
  }
  return fields;
}

function toValue(nodes: OrderedNode[]): XmlValue {
  const isLeaf = nodes.every((node) => TEXT in node || CDATA in node);
  if (!isLeaf) return toFields(nodes);
  const hasCdata = nodes.some((node) => CDATA in node);
  return nodes
    .map((node) => {
      const plain = node[TEXT];
      // Line breaks around CDATA are layout, not content.
      if (typeof plain === 'string') return hasCdata && plain.trim() === '' ? '' : decodeEntities(plain.trim());
      const cdata = node[CDATA];
      const content = Array.isArray(cdata) ? cdata[0]?.[TEXT] : undefined;
      return typeof content === 'string' ? content : '';
    })
    .join('');
}

const PREDEFINED: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  return text.replace(/&([^&;]{0,12});/g, (_, name: string) => {
    const number = /^#(?:x([0-9a-f]{1,6})|([0-9]{1,7}))$/i.exec(name);
    const codePoint = number ? parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10) : undefined;
    if (codePoint !== undefined && codePoint <= 0x10ffff) return String.fromCodePoint(codePoint || 0xfffd);
    const char = Object.hasOwn(PREDEFINED, name) ? PREDEFINED[name] : undefined;
    if (char === undefined) throw new XmlError('unknown entity');
    return char;
  });
}

function writeFields(fields: XmlInputFields): string {
  return Object.entries(fields)
    .map(([name, value]) => {
      if (!/^[A-Za-z_][\w.-]*$/.test(name)) throw new XmlError('field name cannot be an element name');
      return (Array.isArray(value) ? value : [value]).map((one) => `<${name}>${writeValue(one)}</${name}>`).join('');
    })
    .join('');
}

function writeValue(value: XmlInput): string {
  if (typeof value === 'string') return `<![CDATA[${value.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) throw new XmlError('an array of arrays has no XML form');
  return writeFields(value);
}
