import { problemWords } from '@app/words';
import { problemOf } from '../http/problems/problem.js';
import { describeProblem, problemCodes, type ProblemCode } from '../http/problems/problems.js';

export function problemIndexPage(): string {
  const rows = problemCodes.map((code) => {
    const { status, title } = describeProblem(code);
    const link = `<a href="problems/${code}"><code>${code}</code></a>`;
    return `<tr><td>${status}</td><td>${link}</td><td>${escape(title)}</td></tr>`;
  });
  return page(
    'Problems',
    `<p>Every error of this API is a problem document (RFC 9457) with a stable <code>code</code>.</p>
     <table><tr><th>status</th><th>code</th><th>meaning</th></tr>${rows.join('\n')}</table>`,
  );
}

export function problemPage(code: ProblemCode): string {
  const { status, title, advice } = describeProblem(code);
  const words = problemWords[code];
  const example = {
    ...problemOf(code, `${title}.`, EXAMPLES[code]),
    request_id: '01a20a10-1c80-7479-a2d9-d93f9286c027',
  };
  return page(
    code,
    `<p class="lead">${escape(title)}</p>
     <p lang="zh-CN">${escape(words.title.zh)}。${escape(words.next.zh)}</p>
     <h2>What to do</h2><p>${withCode(advice)}</p>
     <h2>Example</h2><pre>HTTP/1.1 ${status}
content-type: application/problem+json

${escape(JSON.stringify(example, undefined, 2))}</pre>
     <p><a href="../problems">All problems</a></p>`,
  );
}

/** What some problems carry besides. */
const EXAMPLES: Partial<Record<ProblemCode, Record<string, unknown>>> = {
  invalid_request: { errors: [{ field: 'article_idx', message: 'Invalid input: expected number, received string' }] },
  field_repeated: { errors: [{ field: 'article_idx', message: 'article_idx is there twice' }], offset: 58 },
  body_not_utf8: { errors: [{ field: '', message: 'The byte at 34 is not UTF-8.' }], offset: 34 },
  merchant_not_eligible: { reasons: ['permission_set_7_not_granted'] },
  upstream_failed: {
    upstream: {
      operation: 'mass/delete',
      errcode: 61004,
      errmsg: 'access clientip is not registered',
      rid: '65f0a1b2-1c2d3e4f-5a6b7c8d',
    },
  },
};

const withCode = (text: string) => escape(text).replace(/`([^`]+)`/g, '<code>$1</code>');

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – Retract</title>
<style>
body{font:16px/1.6 system-ui,sans-serif;max-width:48rem;margin:3rem auto;padding:0 1rem;color:#1d2129}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem}.lead{font-size:1.1rem}
td,th{text-align:left;padding:.2rem 1rem .2rem 0;vertical-align:top}pre{background:#f4f5f7;padding:1rem;overflow:auto}
</style></head><body><main><h1>${title}</h1>${body}</main></body></html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escape = (text: string) => text.replace(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
