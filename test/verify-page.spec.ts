import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const page = readFileSync('docs/verify.html', 'utf8');

describe('docs/verify.html', () => {
  it('is what `node scripts/verify-page.mjs` makes of libs/proof-verifier', () => {
    expect(execFileSync(process.execPath, ['scripts/verify-page.mjs', '-']).toString()).toBe(page);
  });

  it('runs its own script alone, and asks nobody for anything', () => {
    expect(page).toMatch(
      /default-src 'none'; script-src 'sha256-[\w+/=]{44}'; style-src 'sha256-[\w+/=]{44}'; base-uri 'none'; form-action 'none'/,
    );
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/\bsrc=|\bhref=|\bfetch\(|XMLHttpRequest|WebSocket|\bimport\b|innerHTML|\bon\w+=|style="/);
  });
});
