import ts from 'typescript';

/** What a piece of code does with tables. A statement that does not name its table writes `undefined`. */
export interface TableUses {
  writes: (string | undefined)[];
  reads: string[];
}

/**
 * In the place of what is put into a template: a fragment or a value, never a table's name unless somebody hides it.
 */
const HOLE = '\u0000';
const TABLE = `(${HOLE}|\\w+)`;
const WRITE = new RegExp(
  `\\b(?:INSERT\\s+INTO|(?<!\\b(?:FOR|KEY|DO|BEFORE|OR|AFTER)\\s+)UPDATE|DELETE\\s+FROM|MERGE\\s+INTO|TRUNCATE|TABLE)\\s+(?:TABLE\\s+|ONLY\\s+)*${TABLE}`,
  'g',
);
const FROM =
  /(?<!\bDELETE\s+|\bDISTINCT\s+)\b(?:FROM|JOIN|USING)\s+([^()]*?)(?=\b(?:WHERE|(?:LEFT|RIGHT|FULL|INNER|CROSS)\s|JOIN|ON|ORDER|GROUP|LIMIT|FOR|RETURNING|UNION|SET|WINDOW|HAVING)\b|[();]|$)/g;
/** A fragment that comes after somebody else's FROM. */
const FRAGMENT = /^\s*(\w+)\s+(?:AS\s+)?\w+\s+(?:(?:LEFT|RIGHT|FULL|INNER|CROSS)\s+)?JOIN\b/;

/**
 * Reads the SQL in all string and template literals of a TypeScript text. Keywords are upper case, as we write them.
 */
export function tableUses(text: string): TableUses {
  const uses: TableUses = { writes: [], reads: [] };
  for (const literal of literals(ts.createSourceFile('', text, ts.ScriptTarget.Latest))) {
    const sql = literal.replace(/--.*$/gm, '');
    for (const [, table] of sql.matchAll(WRITE)) uses.writes.push(table === HOLE ? undefined : table);
    for (const [, list = ''] of sql.matchAll(FROM)) uses.reads.push(...list.split(',').flatMap(firstWord));
    uses.reads.push(...(FRAGMENT.exec(sql)?.slice(1) ?? []));
  }
  return uses;
}

function* literals(node: ts.Node): Generator<string> {
  if (ts.isStringLiteralLike(node)) yield node.text;
  if (ts.isTemplateExpression(node)) {
    yield node.head.text + node.templateSpans.map(({ literal }) => HOLE + literal.text).join('');
  }
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* literals(child);
}

const firstWord = (item: string) => /^\s*(?:ONLY\s+|LATERAL\s+)?(\w+)/.exec(item)?.slice(1) ?? [];
