// The inbox without the api around it.
import { CallbackInbox } from '@app/merchants';
import type { PLATFORM } from '../deployment.js';
import { receiveInALoop } from './in-a-loop.js';
import { merchantsApp } from './merchants-app.js';

const { PLATFORM: platform = '' } = process.env;
// The bench wrote it.
const { componentAppid } = JSON.parse(platform) as typeof PLATFORM;

const inbox = (await merchantsApp()).get(CallbackInbox);
receiveInALoop(async ({ body, query }) => {
  const receipt = await inbox.receive({
    componentAppid,
    authorizerAppid: 'wx0000000000000000',
    channel: 'message',
    query,
    body: Buffer.from(body),
    rawQuery: '',
    contentType: 'text/xml',
    requestId: 'bench',
  });
  if (!receipt.accepted || receipt.isDuplicate) throw new Error('A push was not taken.');
});
process.send?.({});
