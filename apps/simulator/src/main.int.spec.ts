import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Json } from '../../../test/simulator-platform.js';

/** Starts the built app and collects what it says. */
function start(env: Record<string, string>) {
  const child = spawn(process.execPath, ['dist/apps/simulator/src/main.js'], { env: { ...process.env, ...env } });
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (said.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said.err += chunk.toString()));
  return { child, said, ended: once(child, 'exit') };
}

it('starts alone, says where it is and how to log in, and ends cleanly on Ctrl-C', async () => {
  const { child, said, ended } = start({ SIMULATOR_PORT: '0' });
  while (!said.out.includes('Ctrl-C')) await once(child.stdout, 'data');
  const url = /WeChat simulator: (http:\S+)/.exec(said.out)?.[1] ?? '';
  const componentAppid = /component_appid\s+(\S+)/.exec(said.out)?.[1] ?? '';
  const secret = /app_secret\s+(\S+)/.exec(said.out)?.[1] ?? '';
  const post = async (path: string, body: object): Promise<Json> =>
    (
      await fetch(url + path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      })
    ).json();
  const { component_verify_ticket } = await post(`/_control/platforms/${componentAppid}/ticket`, {});
  expect(
    await post('/cgi-bin/component/api_component_token', {
      component_appid: componentAppid,
      component_appsecret: secret,
      component_verify_ticket,
    }),
  ).toMatchObject({ expires_in: 7200 });
  child.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(said.err).toBe('');
});

it('does what its page says when the curl example is pasted', async () => {
  const { child, said, ended } = start({ SIMULATOR_PORT: '0' });
  while (!said.out.includes('Ctrl-C')) await once(child.stdout, 'data');
  const url = /WeChat simulator: (http:\S+)/.exec(said.out)?.[1] ?? '';
  const example = /```sh\n([^]*?)```/.exec(readFileSync('docs/simulator.md', 'utf8'))?.[1] ?? '';
  expect(example).toContain('http://127.0.0.1:3999');

  const shell = spawn('sh', ['-e'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let printed = '';
  shell.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  shell.stdin.end(example.replace('http://127.0.0.1:3999', url));
  expect((await once(shell, 'close'))[0]).toBe(0);
  const [deleted, status, message] = printed
    .trim()
    .split('\n')
    .map((line): Json => JSON.parse(line));
  expect(deleted).toEqual({ errcode: 0, errmsg: 'ok' });
  expect(status).toMatchObject({ msg_status: 'SEND_SUCCESS' });
  expect(message).toMatchObject({ articles: [{ is_deleted: false }, { is_deleted: true }], delete_effects: 1 });
  child.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

it('refuses a wrong environment, with every problem', async () => {
  const { said, ended } = start({ SIMULATOR_PORT: 'x', SIMULATOR_SEED: 'y' });
  expect(await ended).toEqual([1, null]);
  expect(said.err).toMatch(/SIMULATOR_PORT[^]*SIMULATOR_SEED/);
});
