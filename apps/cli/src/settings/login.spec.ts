import { mkdtempSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asUrl, currentLogin, forgetLogin, isReadableOnTheWay, keepLogin, loginFile, settingsFolder } from './login.js';

const surroundings = (env: NodeJS.ProcessEnv = {}) => ({
  env,
  platform: 'linux' as const,
  home: mkdtempSync(join(tmpdir(), 'retract-login-')),
});

it.each([
  [{ env: {}, platform: 'linux', home: '/home/ann' }, '/home/ann/.config/retract'],
  [{ env: { XDG_CONFIG_HOME: '/etc/ann' }, platform: 'linux', home: '/home/ann' }, '/etc/ann/retract'],
  [{ env: { XDG_CONFIG_HOME: 'ann' }, platform: 'linux', home: '/home/ann' }, '/home/ann/.config/retract'],
  [{ env: { APPDATA: 'roaming' }, platform: 'win32', home: 'ann' }, join('roaming', 'retract')],
] as const)('keeps settings of %j in %s', (of, folder) => {
  expect(settingsFolder(of)).toBe(folder);
});

describe('a login', () => {
  const kept = { url: 'https://retract.example.com', apiKey: 'rk_kept' };

  it('is kept for the user alone, and forgotten', async () => {
    const here = surroundings();
    expect(await currentLogin(here)).toBeUndefined();
    const file = await keepLogin(kept, here);
    expect([statSync(file).mode & 0o777, statSync(settingsFolder(here)).mode & 0o777]).toEqual([0o600, 0o700]);
    expect(await currentLogin(here)).toEqual({ ...kept, source: file });
    expect([await forgetLogin(here), await forgetLogin(here)]).toEqual([true, false]);
  });

  it('of the environment goes before it', async () => {
    const here = surroundings({ RETRACT_URL: 'https://other.example.com/', RETRACT_API_KEY: 'rk_env' });
    await keepLogin(kept, here);
    const source = 'RETRACT_API_KEY';
    expect(await currentLogin(here)).toEqual({ url: 'https://other.example.com', apiKey: 'rk_env', source });
    const keyAlone = { ...here, env: { RETRACT_API_KEY: 'rk_env' } };
    expect(await currentLogin(keyAlone)).toEqual({ url: kept.url, apiKey: 'rk_env', source });
  });

  it('never sends a kept key to another address', async () => {
    const here = surroundings({ RETRACT_URL: 'https://other.example.com' });
    await keepLogin(kept, here);
    await expect(currentLogin(here)).rejects.toThrow('there is no key for it');
    expect(await currentLogin({ ...here, env: { RETRACT_URL: `${kept.url}/` } })).toMatchObject(kept);
  });

  it('that somebody has edited is not guessed at', async () => {
    const here = surroundings();
    await keepLogin(kept, here);
    writeFileSync(loginFile(here), '{"url":');
    await expect(currentLogin(here)).rejects.toThrow('log in again');
  });
});

it('takes a key as files and settings have it, and none that cannot be sent', async () => {
  const RETRACT_URL = 'https://retract.example.com';
  expect(await currentLogin(surroundings({ RETRACT_URL, RETRACT_API_KEY: 'rk_env\r\n' }))).toMatchObject({
    apiKey: 'rk_env',
  });
  for (const RETRACT_API_KEY of ['rk_a rk_b', 'rk_密钥', ' ']) {
    await expect(currentLogin(surroundings({ RETRACT_URL, RETRACT_API_KEY }))).rejects.toThrow(
      'RETRACT_API_KEY is no key',
    );
  }
});

it.each(['retract.example.com', 'ftp://x', 'https://user:pw@x', 'https://x/?a=1', ''])('%j is no address', (text) => {
  expect(() => asUrl(text)).toThrow('no address of a service');
});

it.each([
  ['http://127.0.0.1:3000', false],
  ['http://localhost', false],
  ['https://retract.example.com', false],
  ['http://retract.example.com', true],
])('%s can be read on the way: %s', (url, isReadable) => {
  expect(isReadableOnTheWay(url)).toBe(isReadable);
});
