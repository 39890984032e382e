import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { runInNewContext } from 'node:vm';
import { calculateJwkThumbprint, exportJWK, generateKeyPair } from 'jose';
import { proofText, signEnd, type ProofRecord } from '@app/deletions';

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

/** As much of a browser as the page uses. */
class Element {
  textContent = '';
  dataset: Record<string, string> = {};
  children: Element[] = [];
  private readonly listeners = new Map<string, (event: object) => void>();

  addEventListener(type: string, listener: (event: object) => void): void {
    this.listeners.set(type, listener);
  }
  send(type: string, event: object = {}): void {
    this.listeners.get(type)?.(event);
  }
  replaceChildren(): void {
    this.children = [];
  }
  appendChild(child: Element): Element {
    this.children.push(child);
    return child;
  }
}

function openPage() {
  const elements = new Map<string, Element>();
  const at = (id: string) => elements.get(id) ?? elements.set(id, new Element()).get(id) ?? new Element();
  const document = { documentElement: {}, getElementById: at, createElement: () => new Element() };
  const script = /<script type="module">([^]*)<\/script>/.exec(page)?.[1]?.replaceAll(/^\s*export /gm, '') ?? '';
  const browser = { crypto, atob, btoa, TextEncoder, TextDecoder, TextDecoderStream, navigator: { language: 'en' } };
  const drops = new Element();
  runInNewContext(script, { ...browser, document: Object.assign(drops, document) });
  return {
    drop: (...files: object[]) => drops.send('drop', { preventDefault: () => undefined, dataTransfer: { files } }),
    language: () => at('language').send('click'),
    result: () => [at('result').dataset.verdict, at('result').children[0]?.textContent],
    chosen: () => at('chosen').textContent,
  };
}

const fileOf = (name: string, text: string) => new File([text], name);

/** Its reads go on when they are let, one by one. */
function slowFileOf(name: string, text: string) {
  const reads: (() => void)[] = [];
  const stream = () => {
    const until = new Promise<void>((resolve) => reads.push(resolve));
    return new ReadableStream({
      start: async (controller) => {
        await until;
        controller.enqueue(new TextEncoder().encode(text));
        controller.close();
      },
    });
  };
  return { file: { name, size: text.length, text: () => Promise.resolve(text), stream }, reads };
}

async function signedProof() {
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(jwk);
  const about = { subject: 'takedown', id: 't', exported_at: '2026-11-29T12:00:00.000Z' };
  async function* records() {
    const both = [
      { type: 'header', version: 2, ...about },
      { type: 'trailer', count: 0 },
    ];
    for (const record of both) yield Promise.resolve(record as ProofRecord);
  }
  const key = { kid, privateKey, at: new Date('2026-11-29T12:00:00Z') };
  let text = '';
  const sign = (end: Parameters<typeof signEnd>[0]) => signEnd(end, 'https://retract.example', key);
  for await (const piece of proofText(records(), 'ndjson', sign)) text += piece;
  return { text, keys: JSON.stringify({ keys: [{ ...jwk, kid }] }) };
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await setTimeout(1);
}

describe('the page', () => {
  const SIGNED = ['signed', 'The file is as it was issued.'];

  it('shows the verdict of the files that were put in last, though a check of others ends later', async () => {
    const { text, keys } = await signedProof();
    const { file, reads } = slowFileOf('proof.ndjson', text);
    const browser = openPage();
    browser.drop(file);
    await until(() => reads.length === 1);
    expect(browser.result()).toEqual(['', 'Checking …']);
    browser.drop(fileOf('jwks.json', keys));
    await until(() => reads.length === 2);
    reads[1]?.();
    await until(() => browser.result()[0] !== '');
    expect(browser.result()).toEqual(SIGNED);
    reads[0]?.();
    // Long enough for a verdict that must not come.
    await setTimeout(200);
    expect(browser.result()).toEqual(SIGNED);
    expect(browser.chosen()).toBe('Proof: proof.ndjson · Key file: jwks.json');
  });

  it('judges no proof where the key file is none', async () => {
    const { text, keys } = await signedProof();
    const browser = openPage();
    for (const bad of ['<html>Sign in</html>', keys.slice(1)]) {
      browser.drop(fileOf('proof.ndjson', text), fileOf('jwks.json', bad));
      await until(() => browser.result()[1] === 'Nothing was checked.');
      expect(browser.result()).toEqual(['', 'Nothing was checked.']);
      expect(browser.chosen()).toBe('Proof: none yet · Key file: none yet');
    }
    browser.drop(fileOf('proof.ndjson', text), fileOf('jwks.json', keys));
    await until(() => browser.result()[0] !== '');
    expect(browser.result()).toEqual(SIGNED);
  });

  it('says so where a file cannot be read, and takes the next one', async () => {
    const { text, keys } = await signedProof();
    const stream = () => new ReadableStream({ start: (controller) => controller.error(new Error('gone')) });
    const browser = openPage();
    browser.drop({ name: 'proof.ndjson', size: 9, text: () => Promise.reject(new Error('gone')), stream });
    await until(() => browser.result()[1] !== undefined && browser.result()[1] !== 'Checking …');
    expect(browser.result()).toEqual(['', 'The check could not be finished.']);
    browser.language();
    expect(browser.result()).toEqual(['', '核对未能完成。']);
    browser.language();
    browser.drop(fileOf('jwks.json', keys), fileOf('proof.ndjson', text));
    await until(() => browser.result()[0] !== '');
    expect(browser.result()).toEqual(SIGNED);
  });
});
