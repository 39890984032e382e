/** Markup that is safe to send; only `html` makes it. */
export class Html {
  constructor(readonly text: string) {}
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ESCAPES[char] ?? char);

/** Escapes whatever is filled in, unless it is markup made here. */
export function html(parts: TemplateStringsArray, ...values: (string | number | Html | readonly Html[])[]): Html {
  return new Html(parts.map((part, i) => part + (i < values.length ? fill(values[i]) : '')).join(''));
}

function fill(value: string | number | Html | readonly Html[] | undefined): string {
  if (value === undefined) return '';
  if (value instanceof Html) return value.text;
  return typeof value === 'object' ? value.map(({ text }) => text).join('') : escapeHtml(String(value));
}

export function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="zh-CN">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          body {
            font:
              15px/1.6 system-ui,
              sans-serif;
            color: #222;
            background: #f6f6f6;
            margin: 0;
          }
          main {
            max-width: 46rem;
            margin: 2rem auto;
            background: #fff;
            padding: 1.5rem 2rem;
            border-radius: 6px;
          }
          h1 {
            font-size: 1.3rem;
          }
          fieldset {
            border: 1px solid #ddd;
            border-radius: 4px;
            margin: 1rem 0;
          }
          label {
            display: block;
            padding: 0.15rem 0;
          }
          .taken {
            color: #999;
          }
          .error {
            color: #b00020;
          }
          button {
            background: #07c160;
            color: #fff;
            border: 0;
            border-radius: 4px;
            padding: 0.6rem 2rem;
            font-size: 1rem;
          }
          table {
            border-collapse: collapse;
            width: 100%;
          }
          td,
          th {
            border-bottom: 1px solid #eee;
            padding: 0.3rem 0.5rem;
            text-align: left;
          }
          code,
          pre {
            background: #f2f2f2;
            border-radius: 3px;
            padding: 0 0.25rem;
          }
          pre {
            padding: 0.6rem;
            overflow: auto;
          }
        </style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`.text;
}
