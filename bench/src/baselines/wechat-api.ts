// wechat-api as its documentation has it for several processes: the token in a file that all of them read and write.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import WechatApi from 'wechat-api';
import { callAtOnce } from '../processes/at-once.js';

const { WECHAT_API_URL = '', SHARED_DIR = '' } = process.env;
const file = join(SHARED_DIR, 'access_token.txt');

const api = new WechatApi(
  'wx0000000000000000',
  'secret',
  (callback) =>
    void readFile(file, 'utf8').then(
      (text) => callback(null, JSON.parse(text)),
      () => callback(null, null),
    ),
  (token, callback) => void writeFile(file, JSON.stringify(token)).then(() => callback(null), callback),
);
api.endpoint = WECHAT_API_URL;
await callAtOnce(
  () =>
    new Promise((resolve, reject) => {
      api.getLatestToken((error, token) => (error ? reject(error) : resolve(token)));
    }),
);
