import { parseArgs } from 'node:util';

export interface Options {
  /** Small sizes, one round: everything in less than two minutes. */
  isQuick: boolean;
  /** End with 1 when a target is missed. */
  isStrict: boolean;
  /** Only say which scenarios there are. */
  isList: boolean;
  /** Scenarios by name; empty: all. */
  only: string[];
  /** The report's file; null: no report. */
  report: string | null;
  /** A database that `npm run fill-database` has filled, on whose server all is run; null: on a server of its own. */
  filled: string | null;
}

export const USAGE = `npm run bench -- [--quick] [--only <scenario>]… [--strict] [--report <file>] [--filled <url>] [--list]

  --quick          small sizes, one round: less than two minutes, no report
  --only <name>    this scenario alone; may be repeated; no report
  --strict         end with 1 when a target is missed, not only when a scenario fails
  --report <file>  write the report there (a full run writes docs/benchmarks.md)
  --filled <url>   run on the server of this database, which \`npm run fill-database\` has filled; no report
  --list           say which scenarios there are`;

/** @throws TypeError for words that are no options */
export function readOptions(words: string[]): Options {
  const { values } = parseArgs({
    args: words,
    options: {
      quick: { type: 'boolean', default: false },
      strict: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      only: { type: 'string', multiple: true, default: [] },
      report: { type: 'string' },
      filled: { type: 'string' },
    },
  });
  const isWhole = !values.quick && values.only.length === 0 && values.filled === undefined;
  return {
    isQuick: values.quick,
    isStrict: values.strict,
    isList: values.list,
    only: values.only,
    report: values.report ?? (isWhole ? 'docs/benchmarks.md' : null),
    filled: values.filled ?? null,
  };
}
