// Every list and page of the api with each of its filters, asked for what is rare and for what there is most of in a database that
// `npm run fill-database` has filled. `test/plans.int.spec.ts` reads their plans, `npm run measure-lists` takes their times.

const OLD_MSG_ID = '2247483650';
const DELETION_STATES = ['scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'];

/** What the script has named what is rare, and what there is most of. */
export async function namesIn(client) {
  const one = async (text, values = []) => Object.values((await client.query(text, values)).rows[0] ?? {})[0] ?? '';
  const end = async (direction) => ({
    deletion: await one(`SELECT id FROM deletions WHERE finished_at IS NOT NULL ORDER BY id ${direction} LIMIT 1`),
    endpoint: await one(`SELECT id FROM webhook_endpoints ORDER BY id DESC LIMIT 1`),
    key: await one(
      `SELECT id FROM api_keys WHERE name = 'filled' ORDER BY id ${direction === 'ASC' ? 'DESC' : 'ASC'} LIMIT 1`,
    ),
  });
  const at = (part) =>
    one(
      `SELECT to_char((min(created_at) + (max(created_at) - min(created_at)) * $1) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
       FROM deletions WHERE finished_at IS NOT NULL`,
      [part],
    );
  const rare = await end('ASC');
  const common = await end('DESC');
  return {
    rare: {
      ...rare,
      merchant: await one(`SELECT authorizer_appid FROM merchants ORDER BY id DESC LIMIT 1`),
      ref: await one(`SELECT ref FROM merchants ORDER BY id DESC LIMIT 1`),
      platform: await one(`SELECT component_appid FROM platforms ORDER BY id DESC LIMIT 1`),
      takedown: await one(
        `SELECT takedown_id FROM deletions WHERE finished_at IS NULL AND takedown_id IS NOT NULL LIMIT 1`,
      ),
    },
    common: {
      ...common,
      endpoint: await one(`SELECT id FROM webhook_endpoints ORDER BY id LIMIT 1`),
      merchant: await one(`SELECT authorizer_appid FROM merchants ORDER BY id LIMIT 1`),
      ref: await one(`SELECT ref FROM merchants ORDER BY id LIMIT 1`),
      platform: await one(`SELECT component_appid FROM platforms ORDER BY id LIMIT 1`),
      takedown: await one(
        `SELECT takedown_id FROM deletions WHERE takedown_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1`,
      ),
    },
    middle: await at(0.5),
    later: await at(0.7),
  };
}

/**
 * Every list with every filter, alone and two at a time, and every page that counts or looks something up, by its route.
 * @param reasons why a merchant may be ineligible
 */
export function everyList({ rare, common, middle, later }, reasons) {
  const both = (name, of) => [rare, common].map((names) => `${name}=${encodeURIComponent(names[of])}`);
  const words = (text) => `q=${encodeURIComponent(text)}`;
  const states = (values) => values.map((state) => `state=${state}`);
  const waits = ['backoff', 'daily_quota', 'facts'].map((reason) => `waiting_for=${reason}`);
  return {
    'GET /v1/deletions': lists('/v1/deletions', [
      states(DELETION_STATES),
      both('merchant', 'merchant'),
      both('takedown', 'takedown'),
      [`msg_id=${OLD_MSG_ID}`],
      ['errcode=0', 'errcode=45009', 'errcode=61007'],
      [`created_after=${middle}`],
      [`created_before=${later}`],
      waits,
      [`finished_after=${middle}`],
      [`finished_before=${later}`],
    ]),
    'GET /v1/deletions/:id': [`/v1/deletions/${rare.deletion}`],
    'GET /v1/deletions/:id/attempts': [`/v1/deletions/${rare.deletion}/attempts`],
    'GET /v1/takedowns': lists('/v1/takedowns', [states(['receiving', 'pending', 'running', 'finished', 'cancelled'])]),
    'GET /v1/takedowns/:id': [`/v1/takedowns/${rare.takedown}`, `/v1/takedowns/${common.takedown}`],
    'GET /v1/takedowns/:id/deletions': [rare, common].flatMap(({ takedown }) =>
      lists(`/v1/takedowns/${takedown}/deletions`, [
        states(DELETION_STATES),
        waits,
        ['outcome=deleted', 'outcome=refused', 'outcome=cancelled'],
        both('merchant', 'merchant'),
      ]),
    ),
    'GET /v1/takedowns/:id/rejections': [`/v1/takedowns/${common.takedown}/rejections`],
    'GET /v1/merchants': lists('/v1/merchants', [
      states(['authorized', 'unauthorized', 'reauthorization_required']),
      ['eligible=true', 'eligible=false'],
      reasons.map((reason) => `reason=${reason}`),
      ['facts_unknown=true', 'facts_unknown=false'],
      both('component_appid', 'platform'),
      [...both('ref', 'ref'), 'ref=nobody'],
      [words('清仓'), words('商'), words('nowhere'), `q=${rare.merchant}`],
    ]),
    'GET /v1/merchants/:appid': [`/v1/merchants/${rare.merchant}`],
    'GET /v1/merchants/:appid/events': [rare, common].flatMap(({ merchant }) =>
      lists(`/v1/merchants/${merchant}/events`, [['type=merchant.*', 'type=deletion.failed']]),
    ),
    'GET /v1/mass-messages': lists('/v1/mass-messages', [
      both('merchant', 'merchant'),
      ['label=rare', 'label=campaign', 'label=none'],
      [
        words('清仓'),
        words('新'),
        words('nowhere'),
        `q=${OLD_MSG_ID}`,
        words(`https://mp.weixin.qq.com/s/short-${OLD_MSG_ID}`),
      ],
      [`sent_after=${middle}`],
      [`sent_before=${later}`],
    ]),
    'GET /v1/audit-events/verification': ['/v1/audit-events/verification'],
    'GET /v1/audit-events': lists('/v1/audit-events', [
      both('api_key_id', 'key'),
      ['action=deletion.cancelled', 'action=deletion.accepted', 'action=platform.deleted'],
      [`subject=${rare.deletion}`],
      [`since=${middle}`],
      [`until=${middle}`],
    ]),
    'GET /v1/callback-events': lists('/v1/callback-events', [
      states(['pending', 'done', 'failed', 'unreadable']),
      ['kind=unauthorized', 'kind=MASSSENDJOBFINISH', 'kind=none'],
      both('component_appid', 'platform'),
    ]),
    'GET /v1/webhook-endpoints': ['/v1/webhook-endpoints'],
    'GET /v1/webhook-endpoints/:id': [`/v1/webhook-endpoints/${common.endpoint}`],
    'GET /v1/webhook-endpoints/:id/deliveries': [rare, common].flatMap(({ endpoint }) =>
      lists(`/v1/webhook-endpoints/${endpoint}/deliveries`, [states(['pending', 'delivered', 'failed'])]),
    ),
    'GET /v1/webhook-deliveries': lists('/v1/webhook-deliveries', [
      both('endpoint', 'endpoint'),
      states(['pending', 'delivered', 'failed']),
      ['type=deletion.*', 'type=platform.held'],
      [`since=${middle}`],
      [`until=${later}`],
    ]),
    'GET /v1/session': ['/v1/session'],
    'GET /v1/sessions': ['/v1/sessions'],
    'GET /v1/me': ['/v1/me'],
    'GET /v1/platforms': ['/v1/platforms'],
    'GET /v1/platforms/:componentAppid': [`/v1/platforms/${rare.platform}`],
    'GET /v1/api-keys': ['/v1/api-keys'],
    'GET /v1/api-keys/:id': [`/v1/api-keys/${common.key}`],
  };
}

function lists(path, filters) {
  const pairs = filters.flatMap((some, i) =>
    filters.slice(i + 1).flatMap((others) => some.flatMap((one) => others.map((other) => `${one}&${other}`))),
  );
  return ['', ...filters.flat(), ...pairs].map((query) => (query ? `${path}?${query}` : path));
}
