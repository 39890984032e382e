// co-wechat-api as its documentation has it for several processes: the token in a file that all of them read and write.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import WechatApi from 'co-wechat-api';
import { callAtOnce } from '../processes/at-once.js';

const { WECHAT_API_URL = '', SHARED_DIR = '' } = process.env;
const file = join(SHARED_DIR, 'access_token.txt');

const api = new WechatApi(
  'wx0000000000000000',
  'secret',
  () => readFile(file, 'utf8').then(JSON.parse, () => null),
  (token) => writeFile(file, JSON.stringify(token)),
);
api.prefix = `${WECHAT_API_URL}/cgi-bin/`;
await callAtOnce(() => api.ensureAccessToken());
