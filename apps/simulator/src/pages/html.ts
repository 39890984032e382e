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
        <!-- Without it a browser asks for /favicon.ico, and that would stand among the calls. -->
        <link rel="icon" href="data:," />
        <title>${title}</title>
        <style>
          :root {
            color-scheme: light dark;
            --page: #f6f6f6;
            --paper: #fff;
            --ink: #222;
            --quiet: #5f6773;
            --line: #ddd;
            --code: #f2f2f2;
            --link: #0052d9;
            --bad: #b00020;
          }
          @media (prefers-color-scheme: dark) {
            :root {
              --page: #111213;
              --paper: #1b1c1e;
              --ink: #e8eaed;
              --quiet: #a5adb8;
              --line: #3a3d42;
              --code: #2a2c30;
              --link: #8ab4f8;
              --bad: #ff8a8a;
            }
          }
          body {
            font:
              16px/1.6 system-ui,
              sans-serif;
            color: var(--ink);
            background: var(--page);
            margin: 0;
          }
          main {
            max-width: 46rem;
            margin: 0 auto;
            background: var(--paper);
            padding: 1rem;
            overflow-wrap: anywhere;
          }
          h1 {
            font-size: 1.3rem;
          }
          h2 {
            font-size: 1.1rem;
            margin-top: 2rem;
          }
          h3 {
            font-size: 1rem;
            margin: 0;
          }
          a {
            color: var(--link);
          }
          fieldset {
            border: 1px solid var(--line);
            border-radius: 4px;
            margin: 1rem 0;
          }
          label {
            display: block;
            padding: 0.15rem 0;
          }
          .taken,
          .small {
            color: var(--quiet);
          }
          .small {
            font-size: 0.9rem;
          }
          .error {
            color: var(--bad);
          }
          .icon {
            font-size: 2rem;
            text-align: center;
          }
          .card {
            border: 1px solid var(--line);
            border-radius: 6px;
            padding: 0.75rem;
            margin: 0.75rem 0;
          }
          .card p {
            margin: 0.4rem 0;
          }
          .wide {
            overflow-x: auto;
          }
          button {
            background: #07833f;
            color: #fff;
            border: 0;
            border-radius: 4px;
            padding: 0.5rem 0.9rem;
            margin: 0.15rem 0;
            font: inherit;
            cursor: pointer;
          }
          input:focus-visible,
          button:focus-visible,
          a:focus-visible {
            outline: 3px solid var(--link);
            outline-offset: 2px;
          }
          table {
            border-collapse: collapse;
            width: 100%;
          }
          td,
          th {
            border-bottom: 1px solid var(--line);
            padding: 0.3rem 0.5rem;
            text-align: left;
          }
          .wide td,
          .wide th {
            white-space: nowrap;
            overflow-wrap: normal;
          }
          code,
          pre {
            background: var(--code);
            border-radius: 3px;
            padding: 0 0.25rem;
          }
          .whole {
            user-select: all;
          }
          form {
            display: flex;
            gap: 0.5rem;
          }
          input {
            font: inherit;
            flex: 1;
            min-width: 0;
            padding: 0.4rem 0.6rem;
            color: inherit;
            background: var(--page);
            border: 1px solid var(--line);
            border-radius: 4px;
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
