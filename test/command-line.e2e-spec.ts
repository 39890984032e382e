import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { CommandLine } from './support/command-line.js';
import { eventually } from './support/eventually.js';
import { freePort } from './support/free-port.js';
import { startBuiltApp, type BuiltApp } from './support/built-app.js';
import { PLATFORM, System } from './support/system.js';

const ACCOUNTS = 300;

let system: System;
let worker: BuiltApp;
let api: BuiltApp;
let url: string;
let user: CommandLine;
let merchants: { merchant: string; msgId: string }[];

beforeAll(async () => {
  system = await System.start();
  await system.registerPlatform();
  merchants = await accounts(ACCOUNTS + 80);
  await system.stopWorker();
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  api = await startBuiltApp('api', { ...system.environment, PORT: String(port) });
  worker = await startBuiltApp('worker', { ...system.environment });
  user = new CommandLine({ RETRACT_URL: url, RETRACT_API_KEY: system.apiKey });
});
afterAll(async () => {
  await api.end('SIGKILL');
  await worker.end('SIGKILL');
  await system.close();
});

/** Each with a sent message of two articles. What kind of accounts they are takes a call of WeChat's for each to be known. */
async function accounts(count: number): Promise<{ merchant: string; msgId: string }[]> {
  const component_appid = PLATFORM.component_appid;
  const { data } = await system.control('POST', 'merchants/bulk', { count, messages: 1, component_appid });
  await eventually(
    () => system.sql<{ count: number }>('SELECT count(*)::int FROM merchants WHERE facts_read_at IS NOT NULL'),
    ([row]) => row?.count === count,
    240_000,
  );
  return data.map((one: { appid: string; first_msg_id: string }) => ({ merchant: one.appid, msgId: one.first_msg_id }));
}

const slowDeletes = (ms: number | null) =>
  system.control('PUT', 'latencies', {
    operation: 'mass/delete',
    latency: ms === null ? null : { distribution: 'fixed', ms },
  });
const keyOf = async (body: object): Promise<string> =>
  (await system.call('POST', '/v1/api-keys', { name: 'shell', ...body })).body.key;
const effectsOf = async ({ merchant, msgId }: { merchant: string; msgId: string }): Promise<number> =>
  (await system.control('GET', `merchants/${merchant}/mass-messages/${msgId}`)).delete_effects;
const idIn = (text: string) => /Takedown ([0-9a-f-]{36})/.exec(text)?.[1] ?? '';

/** As people have lists: from spreadsheets, chats and mails, with what came along. */
function messy(some: { merchant: string; msgId: string }[]): string {
  const shapes = [
    ({ merchant, msgId }: { merchant: string; msgId: string }) => `${merchant}\t${msgId}\t1`,
    ({ merchant, msgId }: { merchant: string; msgId: string }) => `"${merchant}","${msgId}","1",,`,
    ({ merchant, msgId }: { merchant: string; msgId: string }) => `  ${merchant}   ${msgId}  1  `,
    ({ merchant, msgId }: { merchant: string; msgId: string }) => `${merchant};'${msgId};1`,
    ({ merchant, msgId }: { merchant: string; msgId: string }) => `${merchant},="${msgId}",1`,
    ({ merchant, msgId }: { merchant: string; msgId: string }) =>
      `{"merchant":"${merchant}","msg_id":${msgId},"article_idx":1},`,
  ];
  const lines = some.map((one, i) => shapes[i % shapes.length]?.(one) ?? '');
  lines.splice(1, 0, '', '# of Monday', ',,,,', '   ');
  return `\ufeff${lines.join('\r\n')}\r\n`;
}

describe('a takedown from a messy file', () => {
  it('says what it would do, asks, shows how far it is, and says how it ended', async () => {
    const of = merchants.splice(0, ACCOUNTS);
    writeFileSync(join(user.home, 'list.csv'), messy(of));
    const terminal = user.open('retract takedown list.csv --reason "wrong price"');
    await terminal.shows(new RegExp(`${ACCOUNTS} lines understood, 0 not\\.`));
    await terminal.shows(new RegExp(`${ACCOUNTS} deletions of ${ACCOUNTS} accounts would be made\\.`));
    await terminal.shows(new RegExp(`accounts: .+ and ${ACCOUNTS - 5} more`));
    await terminal.shows(new RegExp(`type the number of deletions \\(${ACCOUNTS}\\): $`));
    terminal.type(`${ACCOUNTS}\r`);
    await terminal.shows(new RegExp(`Takedown [0-9a-f-]{36}: ${ACCOUNTS} deletions accepted\\.`));
    await terminal.shows(new RegExp(`\\d+% \\| \\d+/${ACCOUNTS} \\| \\S+ \\| ETA .+ \\| \\d+ \\w+`));
    await terminal.shows(new RegExp(`${ACCOUNTS} deletions succeeded, 0 failed, 0 cancelled\\.`), 120_000);
    expect(await terminal.end()).toBe(0);
    for (const one of of.slice(0, 5)) expect(await effectsOf(one)).toBe(1);
  });

  it('deletes nothing when the number is not the number', async () => {
    const of = merchants.slice(0, 3);
    writeFileSync(join(user.home, 'three.txt'), of.map(({ merchant, msgId }) => `${merchant} ${msgId} all`).join('\n'));
    const terminal = user.open('retract takedown three.txt');
    await terminal.shows(/\(3\): $/);
    terminal.type('yes\r');
    await terminal.shows(/That is not the number\. Nothing was deleted\./);
    expect(await terminal.end()).toBe(130);
    expect(await effectsOf(of[0]!)).toBe(0);
  });

  it('is confirmed at the terminal at which the list was pasted', async () => {
    const [one] = merchants.splice(0, 1);
    const terminal = user.open('retract takedown -');
    await terminal.shows(/Paste the list; Ctrl-D ends it\./);
    terminal.type(`${one?.merchant} ${one?.msgId} 1\n\u0004`);
    await terminal.shows(/\(1\): $/);
    terminal.type('1\r');
    await terminal.shows(/1 deletion succeeded/, 60_000);
    expect(await terminal.end()).toBe(0);
    expect(await effectsOf(one!)).toBe(1);
  });

  it('is stopped by Ctrl-C at that terminal', async () => {
    const [one] = merchants;
    const terminal = user.open('retract takedown -');
    await terminal.shows(/Ctrl-D ends it\./);
    terminal.type(`${one?.merchant} ${one?.msgId} 1\n\u0004`);
    await terminal.shows(/\(1\): $/);
    terminal.type('\u0003');
    await terminal.shows(/Nothing was deleted\./);
    expect(await terminal.end()).toBe(130);
    expect(await effectsOf(one!)).toBe(0);
  });

  it('deletes nothing of the body of a request whose options would be lost', async () => {
    const [one] = merchants;
    const item = { merchant: one?.merchant, msg_id: one?.msgId, article_idx: 1 };
    const input = JSON.stringify({ items: [item], undo_seconds: 600 });
    const { code, err } = await user.run('retract takedown - --yes', { input });
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('undo_seconds') });
    expect(await effectsOf(one!)).toBe(0);
  });

  it('tries with the platform and with what is to be refused', async () => {
    const [one] = merchants;
    const input = `${one?.merchant} ${one?.msgId} 1`;
    const tried = (options: string) => user.run(`retract takedown - --dry-run --json ${options}`, { input });
    const known = await tried(`--platform ${PLATFORM.component_appid} --if-shared refuse`);
    expect(known).toMatchObject({ code: 0, out: expect.stringContaining('"deletions":1') });
    expect(await tried('--platform wxffffffffffffffff')).toMatchObject({ code: 1 });
  });

  it('reports each line that it does not understand, and does the rest', async () => {
    const [one, two] = merchants.splice(0, 2);
    const input = `${one?.merchant},${one?.msgId},1\nprice list\n${two?.merchant},3.14748E+09,1\n`;
    const { code, out, err } = await user.run('retract takedown - --yes --json', { input });
    expect(code).toBe(4);
    expect(err).toMatch(/line 2: .*price list/);
    expect(err).toMatch(/line 3: a spreadsheet has shortened the msg_id/);
    expect(JSON.parse(out)).toMatchObject({
      takedown: { state: 'finished', counts: { succeeded: 1 } },
      not_understood: [{ line: 2 }, { line: 3 }],
    });
  });

  it('deletes nothing where nobody can be asked', async () => {
    const { code, err } = await user.run(`retract takedown - < /dev/null`);
    expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('Nothing was deleted') });
    const [one] = merchants;
    const asked = await user.run('retract takedown -', { input: `${one?.merchant} ${one?.msgId} 1` });
    expect(asked).toMatchObject({ code: 2, err: expect.stringContaining('--yes deletes without asking') });
    expect(await effectsOf(one!)).toBe(0);
  });

  it('tries 20,000 lines, and names those that would not be accepted by their lines', async () => {
    const merchant = merchants[0]?.merchant;
    const lines = Array.from({ length: 20_000 }, (_, i) => `${merchant}\t${8_000_000_000 + i}\t1`);
    lines[12_344] = `wxffffffffffffffff\t8000012344\t1`;
    const { code, out, err } = await user.run('retract takedown - --dry-run --allow-late --json', {
      input: lines.join('\n'),
    });
    expect(err).toContain('20,000 lines understood, 0 not.');
    expect(JSON.parse(out)).toMatchObject({
      dry_run: { deletions: 19_999, rejected: 1, errors: [{ line: 12_345, code: 'merchant_not_found' }] },
      takedown: null,
    });
    expect(code).toBe(4);
  });
});

describe('Ctrl-C', () => {
  /** A takedown of fifteen, some of which are under way. */
  async function underWay(options = '') {
    await slowDeletes(500);
    const of = merchants.splice(0, 15);
    writeFileSync(join(user.home, 'fifteen.txt'), of.map(({ merchant, msgId }) => `${merchant} ${msgId} 1`).join('\n'));
    const terminal = user.open(`retract takedown fifteen.txt --yes ${options}`);
    await terminal.shows(/Takedown [0-9a-f-]{36}/);
    await terminal.shows(/\d+% \|/);
    terminal.type('\u0003');
    await terminal.shows(/\[a\]bort it, \[l\]eave it running, or \[g\]o on watching\? $/);
    return { terminal, id: idIn(terminal.text), of };
  }
  const finished = (id: string) =>
    eventually(
      () => system.call('GET', `/v1/takedowns/${id}`),
      ({ body }) => body.finished_at !== null,
    );
  afterEach(() => slowDeletes(null));

  it('aborts it', async () => {
    const { terminal, id, of } = await underWay('--undo 600');
    terminal.type('a\r');
    await terminal.shows(/Aborted: 15 deletions stopped, too late for 0\./);
    await terminal.shows(/0 deletions succeeded, 0 failed, 15 cancelled/);
    expect(await terminal.end()).toBe(1);
    expect(await effectsOf(of[0]!)).toBe(0);
    expect((await finished(id)).body).toMatchObject({ state: 'cancelled' });
  });

  it('leaves it running', async () => {
    const { terminal, id } = await underWay();
    terminal.type('l\r');
    await terminal.shows(new RegExp(`Takedown ${id} goes on\\.`));
    expect(await terminal.end()).toBe(130);
    await slowDeletes(null);
    expect((await finished(id)).body).toMatchObject({ state: 'finished', counts: { succeeded: 15 } });
  });

  it('goes on with it', async () => {
    const { terminal } = await underWay();
    terminal.type('g\r');
    await slowDeletes(null);
    await terminal.shows(/15 deletions succeeded/, 60_000);
    expect(await terminal.end()).toBe(0);
  });
});

describe('Ctrl-C before an answer', () => {
  let silent: Server;
  let asked: Promise<void>;
  let env: Record<string, string>;
  beforeAll(async () => {
    silent = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    env = { RETRACT_URL: `http://127.0.0.1:${port}` };
  });
  beforeEach(() => {
    asked = new Promise((resolve) => silent.once('connection', (socket) => socket.once('data', () => resolve())));
  });
  afterAll(() => void silent.close());

  it('says that a deletion may have been accepted', async () => {
    const terminal = user.open('retract delete wx570bc396a51b8ff8 31474 --article 1 --yes', env);
    await asked;
    terminal.type('\u0003');
    await terminal.shows(/the deletion may have been accepted: GET \/v1\/deletions/);
    expect(await terminal.end()).toBe(130);
  });

  it('says that nothing was deleted while the takedown is only tried', async () => {
    writeFileSync(join(user.home, 'one.txt'), 'wx570bc396a51b8ff8 31474 1');
    const terminal = user.open('retract takedown one.txt --yes', env);
    await asked;
    terminal.type('\u0003');
    await terminal.shows(/Stopped\. Nothing was deleted\./);
    expect(await terminal.end()).toBe(130);
  });
});

describe('a connection that is lost in the middle', () => {
  let proxy: Server;
  const sockets = new Set<Socket>();
  let isCut = false;

  beforeAll(async () => {
    const { hostname: host, port } = new URL(url);
    proxy = createServer((inbound) => {
      if (isCut) return inbound.destroy();
      const outbound = connect(Number(port), host);
      for (const socket of [inbound, outbound]) {
        sockets.add(socket);
        socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
      }
      return inbound.pipe(outbound).pipe(inbound);
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => proxy.once('listening', resolve));
  });
  afterAll(() => slowDeletes(null).then(() => proxy.close()));

  it('is told, and caught up', async () => {
    await slowDeletes(500);
    const of = merchants.splice(0, 15);
    writeFileSync(join(user.home, 'cut.txt'), of.map(({ merchant, msgId }) => `${merchant} ${msgId} 1`).join('\n'));
    const { port } = proxy.address() as { port: number };
    const terminal = user.open('retract takedown cut.txt --yes', { RETRACT_URL: `http://127.0.0.1:${port}` });
    await terminal.shows(/\d+% \|/);
    isCut = true;
    for (const socket of sockets) socket.destroy();
    await terminal.shows(/connection.*Trying again/i);
    isCut = false;
    await slowDeletes(null);
    await terminal.shows(/Connected again; nothing was missed\./);
    await terminal.shows(/15 deletions succeeded/, 60_000);
    expect(await terminal.end()).toBe(0);
  });
});

describe('a key', () => {
  it('that is wrong is told in words, with the request and the page', async () => {
    const { code, out, err } = await user.run('retract whoami --json', {
      env: { RETRACT_API_KEY: `rk_${randomBytes(32).toString('base64url')}` },
    });
    expect(code).toBe(3);
    expect(err).toMatch(/code unauthenticated, request \S+\n.*\/docs\/problems\/unauthenticated/);
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'unauthenticated', status: 401, request_id: expect.any(String) },
    });
  });

  it('without the right is refused, and changes nothing', async () => {
    const [one] = merchants;
    const env = { RETRACT_API_KEY: await keyOf({ role: 'viewer' }) };
    const refused = await user.run('retract takedown - --yes', { env, input: `${one?.merchant} ${one?.msgId} 1` });
    expect(refused).toMatchObject({ code: 3, out: '', err: expect.stringContaining('code forbidden') });
    expect(await effectsOf(one!)).toBe(0);
    expect(await user.run('retract merchants --json', { env })).toMatchObject({ code: 0 });
  });

  it('is kept by login for the user alone, after a call has shown that it works', async () => {
    const newcomer = new CommandLine();
    const terminal = newcomer.open('retract login');
    await terminal.shows(/Address of the service: $/);
    terminal.type(`${url}\r`);
    await terminal.shows(/API key \(is not shown\): $/);
    terminal.type(`${system.apiKey}\r`);
    await terminal.shows(/Logged in to/);
    expect(await terminal.end()).toBe(0);
    expect(terminal.text).not.toContain(system.apiKey);
    const folder = join(newcomer.home, 'config/retract');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'login.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, 'login.json'), 'utf8'))).toEqual({ url, api_key: system.apiKey });
    const doctor = await newcomer.run('retract doctor');
    expect(doctor).toMatchObject({ code: 0, err: '' });
    expect(doctor.out).toMatch(/platform \S+, (by a call to WeChat|[a-z_]+): /);
    const elsewhere = await newcomer.run('retract whoami', { env: { RETRACT_URL: 'http://127.0.0.1:1' } });
    expect(elsewhere).toMatchObject({ code: 2, err: expect.stringContaining('RETRACT_URL names') });
    expect(await newcomer.run('retract logout')).toMatchObject({ code: 0 });
    expect(await newcomer.run('retract whoami')).toMatchObject({ code: 3 });
  });

  it('is not kept when it does not work', async () => {
    const newcomer = new CommandLine();
    const refused = await newcomer.run(`retract login --url ${url} --key-stdin`, { input: 'rk_nothing\n' });
    expect(refused).toMatchObject({ code: 3, out: '' });
    expect(await newcomer.run('retract whoami')).toMatchObject({ code: 3 });
  });
});

describe('a deletion', () => {
  it('is asked for in so many words', async () => {
    const [one] = merchants.splice(0, 1);
    const vague = await user.run(`retract delete ${one?.merchant} ${one?.msgId} --yes`);
    expect(vague).toMatchObject({ code: 2, err: expect.stringContaining('--whole-message') });
    const terminal = user.open(`retract delete ${one?.merchant} ${one?.msgId} --article 2`);
    await terminal.shows(/Delete article 2 of message \d+ of .+\? Type yes: $/);
    terminal.type('yes\r');
    await terminal.shows(/succeeded: deleted, proof acknowledged, 1 call\./);
    expect(await terminal.end()).toBe(0);
    expect(terminal.text.match(/Type yes/g)).toHaveLength(1);
  });
});

describe('an authorization', () => {
  it('is waited for, and what was granted is told', async () => {
    const terminal = user.open('retract authorize --ref "shop 7"');
    const [link] = await terminal.shows(/http:\/\/\S+\/authorize\/\S+/);
    expect(terminal.text).toMatch(/[█▀▄]{10}/);
    await terminal.shows(/Waiting for the account's admin/);
    const { appid } = await system.control('POST', 'merchants', {});
    await system.control('POST', 'consents', {
      link: await system.clickThrough(link.trim()),
      authorizer_appid: appid,
      follow_redirect: true,
    });
    await terminal.shows(new RegExp(`\\(${appid}\\) has authorized\\.`));
    await terminal.shows(/permission sets: .*7/);
    await terminal.shows(/messages can be taken back: yes/);
    expect(await terminal.end()).toBe(0);
  });

  it('that a program waits for tells the link, by which it comes about', async () => {
    const told = join(user.home, 'told.txt');
    const waiting = user.run(`retract authorize --ref "shop 8" --json 2> ${told}`);
    const link = await eventually(
      async () => /http:\/\/\S+\/authorize\/\S+/.exec(existsSync(told) ? readFileSync(told, 'utf8') : '')?.[0],
      (found) => found !== undefined,
    );
    const { appid } = await system.control('POST', 'merchants', {});
    await system.control('POST', 'consents', {
      link: await system.clickThrough(link ?? ''),
      authorizer_appid: appid,
      follow_redirect: true,
    });
    const { code, out } = await waiting;
    expect({ code, answer: JSON.parse(out) }).toMatchObject({
      code: 0,
      answer: { link: { url: link }, merchant: { appid } },
    });
  });

  it('has a code only where it fits', async () => {
    const terminal = user.open('stty cols 20; retract authorize --ref "shop 9" --detach');
    await terminal.shows(/too narrow for the QR code/);
    expect(await terminal.end()).toBe(0);
    expect(terminal.text).not.toMatch(/[█▀▄]{10}/);
    expect(terminal.text).toContain('/authorize/');
  });
});

describe('--help', () => {
  it('has examples for each command, and begins nothing', async () => {
    const { out } = await user.run('retract completion bash');
    const paths = [...out.matchAll(/^ {4}'([a-z -]*)'\) words=/gm)].map(([, path]) => path);
    expect(paths).toEqual(expect.arrayContaining(['', 'whoami', 'takedown', 'admin reseal', 'admin migrate']));
    const one = '{ help="$(retract $path --help)" && grep -q Examples: <<< "$help" && echo "$path"; } || exit 1';
    const all = await user.run(`for path in ${paths.map((path) => `'${path}'`).join(' ')}; do ${one}; done`, {
      env: { DATABASE_URL: 'postgres://127.0.0.1:1/none', MASTER_KEYS: system.environment.MASTER_KEYS ?? '' },
    });
    expect(all).toMatchObject({ code: 0, out: `${paths.join('\n')}\n` });
  });

  it.each(['migrate', 'keys', 'reseal'])('of %s is no word for its program, which takes none', async (name) => {
    const env = { DATABASE_URL: system.database.url, MASTER_KEYS: system.environment.MASTER_KEYS ?? '' };
    expect(await user.run(`retract admin ${name} --now`, { env })).toMatchObject({ code: 2, out: '' });
    const program = await user.run(`node ${process.cwd()}/dist/apps/api/src/${name}.js --help`, { env });
    expect(program.code).not.toBe(0);
    expect(program.out + program.err).toContain("Unknown option '--help'");
  });
});

describe('completion', () => {
  it('loads in bash, and completes commands and options', async () => {
    const asked = (line: string) => `
      source <(retract completion bash)
      COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
      _retract; echo "\${COMPREPLY[@]}"`;
    expect(await user.run(asked('retract ta'))).toMatchObject({ code: 0, out: 'takedown\n' });
    expect(await user.run(asked('retract takedown --un'))).toMatchObject({ code: 0, out: '--undo\n' });
    expect(await user.run(asked('retract admin ke'))).toMatchObject({ code: 0, out: 'keys\n' });
    expect(await user.run(asked('retract takedown list.csv --js'))).toMatchObject({ code: 0, out: '--json\n' });
  });
});

(spawnSync('zsh', ['-fc', ':']).status === 0 ? describe : describe.skip)('completion in zsh', () => {
  it.each([
    ['retract ta', /^takedown:/m, /^keys:|^--undo:/m],
    ['retract admin ke', /^keys:/m, /^takedown:/m],
    ['retract takedown list.csv --un', /^--undo:/m, /^takedown:/m],
  ])('offers what may stand in %s', async (line, offered, other) => {
    writeFileSync(
      join(user.home, 'completion.zsh'),
      `compdef() { : }; _files() { : }; _describe() { print -l -- "\${(@P)2}" }
      source <(retract completion zsh)
      words=(${line}); CURRENT=$#words; _retract; command -v retract`,
    );
    const { out } = await user.run('zsh -f completion.zsh');
    expect(out).toMatch(offered);
    expect(out).not.toMatch(other);
    expect(out).toMatch(/\/retract\n$/);
  });
});

describe('a proof', () => {
  it('leaves nothing behind when Ctrl-C ends its export', async () => {
    const id = '019ac5d2-7c1f-7000-8000-000000000000';
    const endless = createHttpServer(({ url: path = '' }, answer) => {
      const isProof = path.includes('/proof');
      answer.writeHead(200, { 'content-type': isProof ? 'application/x-ndjson' : 'application/json' });
      if (isProof) answer.write('{"type":"header"}\n');
      else answer.end(JSON.stringify({ id }));
    }).listen(0, '127.0.0.1');
    await once(endless, 'listening');
    const { port } = endless.address() as { port: number };
    const terminal = user.open(`retract proof ${id} -o stopped.ndjson`, { RETRACT_URL: `http://127.0.0.1:${port}` });
    await eventually(
      async () => readdirSync(user.home).filter((name) => name.startsWith('stopped')),
      (files) => files.length > 0,
    );
    terminal.type('\u0003');
    await terminal.shows(/Stopped\. stopped\.ndjson was not written\./);
    expect(await terminal.end()).toBe(130);
    expect(readdirSync(user.home).filter((name) => name.startsWith('stopped'))).toEqual([]);
    endless.closeAllConnections();
    endless.close();
  });

  it.each([
    ['a file that is missing', 'retract verify missing.ndjson', /The proof cannot be read: ENOENT/],
    ['a folder', 'retract verify .', /The proof cannot be read: EISDIR/],
    ['keys that are missing', 'retract verify x.ndjson --jwks missing.json', /The keys at missing.json cannot be read/],
    ['keys out of reach', 'retract verify x.ndjson --jwks http://127.0.0.1:1/', /The keys at http:\S+ cannot be read/],
  ])('is not said to be false because of %s', async (_what, command, words) => {
    const { code, err } = await user.run(command);
    expect({ code, err }).toMatchObject({ code: 5, err: expect.stringMatching(words) });
    expect(err).not.toContain('    at ');
  });
});

it('does not end with 0 where the reader of its output has gone', async () => {
  const key = `rk_${randomBytes(32).toString('base64url')}`;
  const command = 'set +o pipefail; { sleep 0.2; code=0; retract whoami --json || code=$?; echo $code > code; } | true';
  await user.run(command, { env: { RETRACT_API_KEY: key } });
  expect(readFileSync(join(user.home, 'code'), 'utf8')).toBe('141\n');
});

it('is not coloured where there is no terminal, or none is wanted', async () => {
  expect((await user.run('retract doctor')).out).not.toContain('\u001b[');
  const plain = user.open('retract doctor', { NO_COLOR: '1' });
  expect(await plain.end()).toBe(0);
  expect(plain.raw).not.toContain('\u001b[');
  const coloured = user.open('retract doctor');
  expect(await coloured.end()).toBe(0);
  expect(coloured.raw).toContain('\u001b[32m');
});

it('says that a service is not reachable, and what to do', async () => {
  const { code, out } = await user.run('retract doctor', { env: { RETRACT_URL: 'http://127.0.0.1:1' } });
  expect(code).toBe(1);
  expect(out).toMatch(/wrong +service: no answer from http:\/\/127\.0\.0\.1:1/);
});

it('says of a login that is broken, and of an address that is not that of the service, what to do', async () => {
  const broken = await new CommandLine().run(
    'mkdir -p config/retract; echo x > config/retract/login.json; retract doctor',
  );
  expect(broken).toMatchObject({ code: 1, out: expect.stringMatching(/^wrong +login: .*log in again/) });
  const moved = createHttpServer((_request, answer) => answer.writeHead(308, { location: `${url}/` }).end());
  moved.listen(0, '127.0.0.1');
  await once(moved, 'listening');
  const { port } = moved.address() as { port: number };
  const env = { RETRACT_URL: `http://127.0.0.1:${port}` };
  const { code, out } = await user.run('retract doctor', { env });
  expect({ code, out }).toMatchObject({ code: 1, out: expect.stringContaining(`sends to ${url}/\n`) });
  expect(await user.run('retract whoami', { env })).toMatchObject({
    code: 1,
    err: expect.stringContaining(`sends to ${url}/`),
  });
  moved.close();
});

it('runs by npx in the clone', async () => {
  const { out } = await user.run(`cd ${process.cwd()} && npx retract --help`, { env: { npm_config_offline: 'true' } });
  expect(out).toContain('Usage: retract');
});

describe('docs/cli.md', () => {
  it('shows commands that work as they stand there', async () => {
    const reader = new CommandLine({
      URL: url,
      DATABASE_URL: system.database.url,
      MASTER_KEYS: system.environment.MASTER_KEYS ?? '',
    });
    const [one, two, three] = merchants.splice(0, 3);
    const other = await system.sendMassMessage(one?.merchant ?? '');
    writeFileSync(join(reader.home, 'key.txt'), `${system.apiKey}\n`);
    writeFileSync(
      join(reader.home, 'list.csv'),
      `merchant,msg_id,article_idx\n${two?.merchant},${two?.msgId},1\n${three?.merchant},${three?.msgId},all\n`,
    );
    const blocks = [...readFileSync('docs/cli.md', 'utf8').matchAll(/```sh\n([^]*?)```/g)].map(([, block]) => block);
    expect(blocks.length).toBeGreaterThan(8);
    const env = { merchant: one?.merchant ?? '', msg_id: one?.msgId ?? '', other_msg_id: other };
    const { code, err } = await reader.run(`set -x\n${blocks.join('\n')}`, { env });
    expect({ code, end: err.slice(-2_000) }).toMatchObject({ code: 0 });
    expect(readFileSync(join(reader.home, 'proof.ndjson'), 'utf8')).toContain('"type":"signature"');
    const page = readFileSync('docs/cli.md', 'utf8');
    for (const [, command] of (await reader.run('retract completion bash')).out.matchAll(/'([a-z]+)'\)/g)) {
      expect(page).toContain(`retract ${command}`);
    }
  });
});
