import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSimulator } from '../simulator.js';

it('remembers platforms, accounts, grants and messages over a restart, and repeats no token', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'simulator-'));
  const stateFile = join(dir, 'state');
  try {
    const first = await createSimulator({ stateFile });
    const platform = first.simulation.addPlatform({});
    const merchant = first.simulation.registry.addMerchant({ kind: 'official' });
    const { grant } = first.simulation.consent(platform, merchant);
    const token = first.simulation.credentials.issueAuthorizerToken(grant);
    const material = first.simulation.massMessages.addMaterial(merchant, [{}]);
    const message = first.simulation.massMessages.start(merchant, { kind: 'mpnews', isToAll: false, material });
    first.simulation.massMessages.finish(message, 'send success');
    await first.close();

    const second = await createSimulator({ stateFile });
    const response = await fetch(`${second.url}/cgi-bin/message/mass/delete?access_token=${token.value}`, {
      method: 'POST',
      body: JSON.stringify({ msg_id: Number(message.msgId), article_idx: 1 }),
    });
    expect(await response.json()).toEqual({ errcode: 0, errmsg: 'ok' });
    const { world, registry } = second.simulation;
    expect(registry.addMerchant({ kind: 'official' }).appid).not.toBe(merchant.appid);
    expect([...world.platforms.keys()]).toEqual([platform.componentAppid]);
    expect(world.merchants.size).toBe(2);
    await second.close();
  } finally {
    rmSync(dir, { recursive: true });
  }
});
