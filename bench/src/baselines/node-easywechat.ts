// node-easywechat as its documentation has it: one app, its file cache in a folder that all processes share.
import { OpenPlatform } from 'node-easywechat';
import FileCache from 'node-easywechat/dist/Core/Cache/FileCache.js';
import type { PLATFORM } from '../deployment.js';
import { callAtOnce } from '../processes/at-once.js';

const { WECHAT_API_URL = '', SHARED_DIR = '', PLATFORM: platform = '' } = process.env;
// The bench wrote it.
const { componentAppid, appSecret, token, encodingAesKey } = JSON.parse(platform) as typeof PLATFORM;

const app = new OpenPlatform({
  app_id: componentAppid,
  secret: appSecret,
  token,
  aes_key: encodingAesKey,
  http: { baseURL: `${WECHAT_API_URL}/` },
});
app.setCache(new FileCache({ path: SHARED_DIR, dirMode: 0o700, fileMode: 0o600, ext: '.cache' }));
await app.getCache().set(`open_platform.verify_ticket.${componentAppid}`, 'ticket@@@bench');
await callAtOnce(() => app.getOfficialAccountWithRefreshToken('wx0000000000000000', 'refresh-token'));
