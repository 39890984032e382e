import { Refusal } from '../state/refusal.js';
import {
  SET_CUSTOMER_SERVICE,
  SET_MASS,
  SET_MESSAGES,
  SET_MINI_PROGRAM_CUSTOMER_SERVICE,
} from '../state/permission-sets.js';
import type { Material, Merchant, MessageKind } from '../state/world.js';
import { integerOf, objectOf, textOf, type JsonObject } from './body.js';
import { OK, type Answer, type AuthorizerCall, type Operation } from './operation.js';

const mass = { token: 'authorizer', permissionSets: [SET_MASS], isForVerified: true } as const;

/** https://developers.weixin.qq.com/doc/service/en/api/notify/message/api_deletemassmsg and its siblings */
export const messageOperations: readonly Operation[] = [
  { ...mass, name: 'mass/delete', paths: ['/cgi-bin/message/mass/delete'], handle: deleteMass },
  { ...mass, name: 'mass/get', paths: ['/cgi-bin/message/mass/get'], handle: getMass },
  { ...mass, name: 'mass/sendall', paths: ['/cgi-bin/message/mass/sendall'], handle: sendAll },
  { ...mass, name: 'mass/send', paths: ['/cgi-bin/message/mass/send'], handle: sendToList },
  {
    name: 'message/custom/send',
    paths: ['/cgi-bin/message/custom/send'],
    token: 'authorizer',
    permissionSets: [SET_MESSAGES, SET_CUSTOMER_SERVICE, SET_MINI_PROGRAM_CUSTOMER_SERVICE],
    handle: customSend,
  },
];

function deleteMass({ simulation, grant, body }: AuthorizerCall): Answer {
  const msgId = integerOf(body, 'msg_id');
  if (msgId === undefined || msgId === 0n) {
    const url = textOf(body, 'url');
    if (url === undefined) throw new Refusal(40059);
    simulation.massMessages.delete(grant.merchant, { url });
    return OK;
  }
  if (msgId === 'invalid') throw new Refusal(40059);
  const articleIdx = integerOf(body, 'article_idx') ?? 0n;
  if (articleIdx === 'invalid' || articleIdx < 0n) throw new Refusal(40060);
  simulation.massMessages.delete(grant.merchant, {
    msgId,
    articleIdx: articleIdx === 0n ? undefined : Number(articleIdx),
  });
  return OK;
}

function getMass({ simulation, grant, body }: AuthorizerCall): Answer {
  const msgId = integerOf(body, 'msg_id');
  if (msgId === undefined || msgId === 'invalid') throw new Refusal(40059);
  const message = simulation.massMessages.find(grant.merchant, msgId);
  return { msg_id: message.msgId, msg_status: simulation.massMessages.statusOf(message) };
}

function sendAll({ simulation, grant, body }: AuthorizerCall): Answer {
  const isToAll = objectOf(body, 'filter')['is_to_all'] === true;
  return send(simulation, grant.merchant, body, isToAll);
}

const MAX_OPENIDS = 10_000;

function sendToList({ simulation, grant, body }: AuthorizerCall): Answer {
  const openids = body['touser'];
  if (grant.merchant.serviceType !== 2) throw new Refusal(48001);
  if (!Array.isArray(openids)) throw new Refusal(40031);
  if (openids.length < 2) throw new Refusal(40130);
  if (openids.length > MAX_OPENIDS) throw new Refusal(40032);
  if (!openids.every((openid) => typeof openid === 'string' && openid !== '')) throw new Refusal(40003);
  return send(simulation, grant.merchant, body, false);
}

function send(
  simulation: AuthorizerCall['simulation'],
  merchant: Merchant,
  body: JsonObject,
  isToAll: boolean,
): Answer {
  const kind = kindOf(body);
  const material = contentOf(merchant, kind, objectOf(body, kind));
  const content = JSON.stringify([body['filter'] ?? body['touser'], body[kind]]);
  const key = simulation.massMessages.refuseRepeat(merchant, textOf(body, 'clientmsgid'), content);
  const message = simulation.sendMassMessage(merchant, { kind, isToAll, material });
  simulation.massMessages.rememberSend(merchant, key, message);
  return {
    errcode: 0,
    errmsg: 'send job submission success',
    msg_id: message.msgId,
    ...(kind === 'mpnews' && material ? { msg_data_id: material.mid } : {}),
  };
}

const KINDS: readonly MessageKind[] = ['mpnews', 'mpvideo', 'text', 'voice', 'image', 'wxcard'];

function kindOf(body: JsonObject): MessageKind {
  const kind = KINDS.find((one) => one === body['msgtype']);
  if (!kind) throw new Refusal(40008);
  return kind;
}

/** Articles and videos are materials known to the account; of the rest only the presence is checked. */
function contentOf(merchant: Merchant, kind: MessageKind, content: JsonObject): Material | undefined {
  switch (kind) {
    case 'mpnews':
    case 'mpvideo': {
      const material = merchant.materials.get(textOf(content, 'media_id') ?? '');
      if (!material) throw new Refusal(40007);
      return material;
    }
    case 'text':
      if (textOf(content, 'content') === undefined) throw new Refusal(44004);
      return undefined;
    case 'voice':
    case 'image':
    case 'wxcard':
      if (Object.keys(content).length === 0) throw new Refusal(40007);
      return undefined;
  }
}

function customSend({ simulation, grant, body }: AuthorizerCall): Answer {
  const touser = textOf(body, 'touser');
  const msgtype = textOf(body, 'msgtype');
  if (touser === undefined) throw new Refusal(40003);
  if (msgtype === undefined || Object.keys(objectOf(body, msgtype)).length === 0) throw new Refusal(40008);
  const text = msgtype === 'text' ? textOf(objectOf(body, 'text'), 'content') : '';
  if (text === undefined) throw new Refusal(44004);
  simulation.recordCustomMessage({ at: simulation.timeline.now(), appid: grant.merchant.appid, touser, msgtype, text });
  return OK;
}
