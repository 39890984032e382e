import { parseArgs } from 'node:util';
import { MasterKeysRefused, whyNotStarted } from '@app/database';
import { readSettings, SettingsInvalid } from '@app/settings';
import { makeDemoData } from './demo-data.js';
import { DEMO_PLATFORM } from './demo-platform.js';
import { playDemo } from './demo.js';
import { sandboxEnvSchema } from './env.js';
import { ForeignDatabase, startServices, type Services } from './services.js';
import { Story } from './story.js';

const isOnce = readOptions();
let services: Services | undefined;
let isStopping = false;

/** Whether to stop by itself. Words that it does not know end with 2, before anything is begun. */
function readOptions(): boolean {
  try {
    return parseArgs({ options: { once: { type: 'boolean', default: false } } }).values.once;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\nUsage: npm start -- [--once]`);
    process.exit(2);
  }
}

/** Ctrl-C reaches us from the terminal and again from npm: the first one counts. */
async function stop(exitCode: number): Promise<void> {
  if (isStopping) return;
  isStopping = true;
  await services?.stop();
  console.log('stopped');
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0));
// The start script is gone: without it nobody could stop us, and the next start would find the ports taken.
process.on('disconnect', () => void stop(0));

try {
  const startedAt = performance.now();
  const env = readSettings(sandboxEnvSchema, process.env);
  services = await startServices(env);
  console.log(`Retract on ${services.databaseName}: ready in ${Math.round(performance.now() - startedAt)} ms\n`);
  const story = new Story();
  const article = await playDemo(services, story);
  console.log(`
api        ${services.url}/docs
API key    ${services.apiKey}
authorize  ${services.url}/authorize/${DEMO_PLATFORM.component_appid}
try        curl -H 'Authorization: Bearer ${services.apiKey}' ${services.url}/v1/deletions
`);
  if (isOnce) {
    console.log(story.isAsTold ? 'Everything came out as told.' : 'Something did not come out as told.');
    await stop(story.isAsTold ? 0 : 1);
  } else {
    const link = await services.signInLink();
    const signIn = link ?? `${services.url}/console/ (sign in with an API key: this one works no more)`;
    console.log(`It stays up: stop it with Ctrl-C.

console    ${signIn}
${link ? '           signs this machine in, once, within ten minutes; a new start prints a new one\n' : ''}\
WeChat     ${services.simulatorUrl}/_control (simulated)
article    ${article ?? 'none: the story above did not get so far'}`);
    if (env.DEMO_DATA) void tellDemoData(services);
  }
} catch (error) {
  const problem = explain(error);
  if (problem) console.error(problem);
  else if (!isStopping) console.error(error);
  await stop(1);
}

/** In the background: nobody waits for it, and the next start goes on with what this one has left. */
async function tellDemoData(running: Services): Promise<void> {
  try {
    const made = await makeDemoData(running);
    if (made) console.log(`accounts   ${made}`);
  } catch (error) {
    if (!isStopping) console.error('The demo data is not all there; the next start goes on with it.', error);
  }
}

/** What a person can mend. */
function explain(error: unknown): string | undefined {
  const isTold = [SettingsInvalid, ForeignDatabase, MasterKeysRefused].some((type) => error instanceof type);
  if (isTold && error instanceof Error) return error.message;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code === 'EADDRINUSE' && 'port' in error)
    return `Port ${String(error.port)} is taken: stop what uses it, or set PORT or SIMULATOR_PORT to another.`;
  if ('path' in error) return `RETRACT_DATA_DIR cannot be used (${error.message}).`;
  return whyNotStarted(error);
}
