import { PERMISSION_SETS } from './state/permission-sets.js';
import { readEnv, type Env } from './env.js';
import { createSimulator, type RunningSimulator } from './simulator.js';

/** A fixed platform and three accounts, so that a client's settings survive a restart. */
const DEMO_PLATFORM = {
  component_appid: 'wx7a1f6f0e2c9b4d58',
  app_secret: '4f1c7d0a9be84d25b3a6f8e01c92d7b4',
  token: 'simulatorpushtoken',
  // Its last character carries unused bits that are not zero, as real keys mostly do.
  encoding_aes_key: 'q7Jm2Xv9Lr4Tn8Bc1Zk6Wp3Hs5Dg0FyQeUaRiOtMjCb',
};
const DEMO_MERCHANTS = [
  { appid: 'wx2b8e51c07d3f9a64', user_name: 'gh_5c1d90e7a2b3', nick_name: '茶馆 Tea House' },
  { appid: 'wx90d4c7e1a5b26f38', user_name: 'gh_8e2f7b41d6c0', nick_name: '书店 Bookshop', consent: [1, 2, 11] },
  { appid: 'wxe63f0a9d18c4b725', user_name: 'gh_3a7c5e09f1d8', nick_name: '面包房 Bakery', service_type: 0 },
];

async function main(env: Env): Promise<void> {
  const simulator = await createSimulator({
    port: env.SIMULATOR_PORT,
    host: env.SIMULATOR_HOST,
    seed: env.SIMULATOR_SEED,
  });
  addDemo(simulator, env);
  announce(simulator);
  stopOnSignal(simulator);
}

function addDemo({ simulation }: RunningSimulator, env: Env): void {
  simulation.addPlatform({
    ...DEMO_PLATFORM,
    events_url: env.SIMULATOR_EVENTS_URL,
    messages_url: env.SIMULATOR_MESSAGES_URL,
  });
  for (const merchant of DEMO_MERCHANTS) simulation.registry.addMerchant({ kind: 'official', ...merchant });
}

function announce({ url }: RunningSimulator): void {
  const { component_appid, app_secret, token, encoding_aes_key } = DEMO_PLATFORM;
  console.log(`WeChat simulator: ${url}
  api.weixin.qq.com, mp.weixin.qq.com and open.weixin.qq.com are all this address
  control           ${url}/_control
  control API       ${url}/_control/docs
Demo platform (these are no secrets: nothing but this simulator knows them)
  component_appid   ${component_appid}
  app_secret        ${app_secret}
  token             ${token}
  encoding_aes_key  ${encoding_aes_key}
Demo accounts
${DEMO_MERCHANTS.map(
  ({ appid, nick_name, consent }) =>
    `  ${appid}  ${nick_name}${consent ? ` (grants no ${PERMISSION_SETS.get(7) ?? 'set 7'})` : ''}`,
).join('\n')}
Stop with Ctrl-C.`);
}

function stopOnSignal(simulator: RunningSimulator): void {
  let isStopping = false;
  const stop = (): void => {
    // npm and the shell may each pass the same Ctrl-C on.
    if (isStopping) return;
    isStopping = true;
    void simulator.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
}

try {
  await main(readEnv(process.env));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
