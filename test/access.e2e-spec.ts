import { randomBytes, randomUUID } from 'node:crypto';
import { IssuedKeys, type Role } from '@app/access';
import type { Scope } from '@app/scope';
import { routeTable } from './support/route-table.js';
import { PLATFORM, System, type Reply } from './support/system.js';

/** What a request names. */
interface Names {
  platform: string;
  merchant: string;
  deletion: string;
  apiKey: string;
  endpoint: string;
  delivery: string;
  takedown: string;
  session: string;
}

/** What one route allows; `mine` is the tenant whose things the request names. */
interface Rule {
  needs: Role | 'any' | 'public';
  /** The statuses of a request that was let through; it may still be wrong in another way. */
  ok: number[];
  body?: (mine: Names) => unknown;
  /** Added to the path. */
  query?: (mine: Names) => string;
  /** What a key gets that is limited to another tenant. Not found: as if what the request names were not there. */
  elsewhere?: 'not found' | 'left out';
  /** Whose limits keep a key from what it may see, because others are concerned as well. */
  limited?: 'any key with limits' | 'keys limited to merchants';
  /** What is used up by a request that is let through. */
  fresh?: () => Promise<Partial<Names>>;
}

const open = (...ok: number[]): Rule => ({ needs: 'public', ok });

let system: System;
let keys: IssuedKeys;
let mine: Names;
let theirs: Names;
/** Of the key that makes all others. */
let adminId: string;
/** One that has ended, and one that was revoked. */
let spentKeys: string[];

const anArticle = () => ({ msg_id: String(randomBytes(6).readUIntBE(0, 6) + 1), article_idx: 1 });

/** One line for each route of the api: a route that is not here fails the test. */
const RULES: Record<string, Rule> = {
  'GET /health/live': open(200),
  'GET /health/ready': open(200),
  'GET /metrics': { needs: 'viewer', ok: [200], limited: 'any key with limits' },
  'GET /': open(200),
  'GET /console': open(200),
  'GET /console/': open(200),
  'GET /console/*': open(200),
  'GET /docs': open(200),
  'GET /docs/': open(200),
  'GET /docs/*': open(404),
  'GET /docs/index.html': open(200),
  'GET /docs/LICENSE': open(404),
  'GET /docs/swagger-ui-init.js': open(200),
  'GET /docs/docs/swagger-ui-init.js': open(200),
  'GET /docs-yaml': open(200),
  'GET /docs/problems': open(200),
  'GET /docs/problems/:code': open(404),
  'GET /openapi.json': open(200),
  'GET /.well-known/jwks.json': open(200),

  'POST /wechat/:componentAppid/events': open(400),
  'POST /wechat/:componentAppid/messages/:authorizerAppid': open(400),
  'GET /authorize/:componentAppid': open(200),
  'POST /authorize/:componentAppid': open(200),
  'GET /authorize/:componentAppid/callback': open(400),
  'GET /authorize/:componentAppid/logo': open(404),

  'GET /v1/overview': { needs: 'viewer', ok: [200], elsewhere: 'left out' },

  'POST /v1/platforms': { needs: 'admin', ok: [400], body: () => ({}), limited: 'any key with limits' },
  'GET /v1/platforms': { needs: 'viewer', ok: [200], elsewhere: 'left out' },
  'GET /v1/platforms/:componentAppid': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'PATCH /v1/platforms/:componentAppid': {
    needs: 'admin',
    ok: [200],
    body: () => ({ app_secret: PLATFORM.app_secret }),
    elsewhere: 'not found',
    limited: 'keys limited to merchants',
  },
  'DELETE /v1/platforms/:componentAppid': {
    needs: 'admin',
    ok: [204],
    limited: 'any key with limits',
    fresh: async () => ({ platform: await aPlatformWithoutMerchants() }),
  },
  'POST /v1/platforms/:componentAppid/sync': {
    needs: 'admin',
    ok: [200],
    elsewhere: 'not found',
    limited: 'keys limited to merchants',
    fresh: async () => {
      await system.sql(`UPDATE platforms SET reconcile_asked_at = NULL`);
      return {};
    },
  },

  'POST /v1/platforms/:componentAppid/doctor': {
    needs: 'operator',
    ok: [200],
    elsewhere: 'not found',
    limited: 'keys limited to merchants',
    fresh: async () => {
      await system.sql(`UPDATE platforms SET examine_asked_at = NULL`);
      return {};
    },
  },

  'POST /v1/authorization-links': {
    needs: 'operator',
    ok: [201],
    body: ({ platform, merchant }) => ({ platform, merchant }),
    elsewhere: 'not found',
  },

  'GET /v1/merchants': { needs: 'viewer', ok: [200], elsewhere: 'left out' },
  'GET /v1/merchants/:appid': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'GET /v1/merchants/:appid/events': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'PATCH /v1/merchants/:appid': {
    needs: 'operator',
    ok: [200],
    body: () => ({ rate_per_minute: 100 }),
    elsewhere: 'not found',
  },
  'POST /v1/merchants/:appid/refresh': { needs: 'operator', ok: [200], elsewhere: 'not found' },
  'POST /v1/merchants/:appid/read-quota': { needs: 'operator', ok: [200], elsewhere: 'not found' },
  'POST /v1/merchants/:appid/clear-quota': { needs: 'admin', ok: [200], elsewhere: 'not found' },
  'POST /v1/merchants/:appid/access-token': { needs: 'tokens', ok: [200], elsewhere: 'not found' },

  'GET /v1/mass-messages': {
    needs: 'viewer',
    ok: [200],
    query: ({ merchant }) => `merchant=${merchant}`,
    elsewhere: 'not found',
  },
  'POST /v1/mass-messages': {
    needs: 'operator',
    // Of others nothing is imported, line by line.
    ok: [200],
    body: ({ merchant }) => ({ merchant, msg_id: anArticle().msg_id }),
    elsewhere: 'left out',
  },
  'GET /v1/callback-events': { needs: 'viewer', ok: [200], elsewhere: 'left out' },
  'GET /v1/events': { needs: 'viewer', ok: [200], elsewhere: 'left out' },

  'GET /v1/events/stream': { needs: 'viewer', ok: [200], elsewhere: 'left out' },

  'POST /v1/deletions': {
    needs: 'operator',
    ok: [202],
    body: ({ merchant }) => ({ merchant, ...anArticle() }),
    elsewhere: 'not found',
  },
  'GET /v1/deletions': { needs: 'viewer', ok: [200], elsewhere: 'left out' },
  'GET /v1/deletions/:id': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'GET /v1/deletions/:id/attempts': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'GET /v1/deletions/:id/proof': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'POST /v1/deletions/:id/cancel': { needs: 'operator', ok: [200, 409], elsewhere: 'not found', fresh: askedOnce },
  'POST /v1/deletions/:id/retry': { needs: 'operator', ok: [202, 409], elsewhere: 'not found', fresh: askedOnce },

  'GET /v1/proofs': {
    needs: 'viewer',
    ok: [200],
    query: () => 'finished_after=2020-01-01T00:00:00Z&finished_before=2025-01-01T00:00:00Z&format=json',
    elsewhere: 'left out',
  },

  'POST /v1/takedowns': {
    needs: 'operator',
    // What is elsewhere is refused item by item, and here there is but one.
    ok: [202, 422],
    body: ({ merchant }) => ({ items: [{ merchant, ...anArticle() }], undo_seconds: 3_600 }),
    elsewhere: 'left out',
  },
  'POST /v1/takedowns/parse': {
    needs: 'operator',
    ok: [200],
    body: ({ merchant }) => ({ lines: [`${merchant},3147483661,1`] }),
    elsewhere: 'left out',
  },
  'GET /v1/takedowns': { needs: 'viewer', ok: [200], elsewhere: 'left out' },
  'GET /v1/takedowns/:id': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'GET /v1/takedowns/:id/deletions': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'GET /v1/takedowns/:id/rejections': { needs: 'viewer', ok: [200], elsewhere: 'not found' },
  'GET /v1/takedowns/:id/events': {
    needs: 'viewer',
    // Of one that has ended, so that the stream ends as well.
    ok: [200],
    elsewhere: 'not found',
    fresh: async () => ({ takedown: await anEndedTakedown() }),
  },
  'GET /v1/takedowns/:id/proof': {
    needs: 'viewer',
    ok: [200],
    query: () => 'format=json',
    elsewhere: 'not found',
  },
  'POST /v1/takedowns/:id/cancel': { needs: 'operator', ok: [200], elsewhere: 'not found' },

  'POST /v1/api-keys': {
    needs: 'admin',
    ok: [201],
    // Without limits of its own it gets those of the key that asks.
    body: () => ({ name: 'made', role: 'viewer' }),
    elsewhere: 'left out',
  },
  'GET /v1/api-keys': { needs: 'admin', ok: [200], elsewhere: 'left out' },
  'GET /v1/api-keys/:id': { needs: 'admin', ok: [200], elsewhere: 'not found' },
  'PATCH /v1/api-keys/:id': { needs: 'admin', ok: [200], body: () => ({ name: 'renamed' }), elsewhere: 'not found' },
  'DELETE /v1/api-keys/:id': {
    needs: 'admin',
    ok: [204],
    elsewhere: 'not found',
    fresh: async () => ({ apiKey: await aKeyOfMine() }),
  },

  'POST /v1/session': { ...open(200), body: () => ({ api_key: system.apiKey }) },
  'GET /v1/session': { needs: 'viewer', ok: [200], elsewhere: 'left out' },
  // Asked with a key, there is no session to end.
  'DELETE /v1/session': { needs: 'viewer', ok: [404] },
  'GET /v1/sessions': { needs: 'admin', ok: [200], elsewhere: 'left out' },
  'DELETE /v1/sessions/:id': {
    needs: 'admin',
    ok: [204],
    elsewhere: 'not found',
    fresh: async () => ({ session: await aSessionOfMine() }),
  },

  'POST /v1/webhook-endpoints': {
    needs: 'admin',
    ok: [201],
    body: () => ({ url: 'https://hooks.example.com/retract', event_types: ['deletion.*'] }),
    elsewhere: 'left out',
  },
  'GET /v1/webhook-endpoints': { needs: 'admin', ok: [200], elsewhere: 'left out' },
  'GET /v1/webhook-endpoints/:id': { needs: 'admin', ok: [200], elsewhere: 'not found' },
  'PATCH /v1/webhook-endpoints/:id': {
    needs: 'admin',
    ok: [200],
    body: () => ({ description: 'changed' }),
    elsewhere: 'not found',
  },
  'DELETE /v1/webhook-endpoints/:id': {
    needs: 'admin',
    ok: [204],
    elsewhere: 'not found',
    fresh: async () => ({ endpoint: await anEndpointOf(mine) }),
  },
  'POST /v1/webhook-endpoints/:id/rotate-secret': {
    needs: 'admin',
    ok: [200],
    body: () => ({}),
    elsewhere: 'not found',
  },
  'POST /v1/webhook-endpoints/:id/test': { needs: 'admin', ok: [202], elsewhere: 'not found' },
  'GET /v1/webhook-endpoints/:id/deliveries': { needs: 'admin', ok: [200], elsewhere: 'not found' },
  'POST /v1/webhook-endpoints/:id/deliveries/:deliveryId/resend': {
    needs: 'admin',
    ok: [202],
    elsewhere: 'not found',
  },

  'GET /v1/webhook-deliveries': { needs: 'admin', ok: [200], elsewhere: 'left out' },
  'POST /v1/webhook-deliveries/resend': {
    needs: 'admin',
    ok: [200],
    body: () => ({ since: '2020-01-01T00:00:00Z', until: '2099-01-01T00:00:00Z' }),
    elsewhere: 'left out',
  },

  'GET /v1/audit-events': { needs: 'admin', ok: [200], elsewhere: 'left out' },
  'GET /v1/audit-events/export': { needs: 'admin', ok: [200], elsewhere: 'left out' },
  'GET /v1/audit-events/verification': { needs: 'admin', ok: [200], limited: 'any key with limits' },
  'GET /v1/me': { needs: 'any', ok: [200], elsewhere: 'left out' },
};

/** Writes that leave no row when they are asked for as above, and why. */
const NOT_AUDITED_HERE: Record<string, string> = {
  'POST /v1/platforms': 'asked with nothing; test/coexistence.e2e-spec.ts finds platform.registered',
  'POST /v1/takedowns/parse': 'changes nothing',
  'DELETE /v1/session': 'asked with a key, which has no session; test/sessions.e2e-spec.ts finds session.ended',
};

const ROLES: Role[] = ['admin', 'operator', 'viewer', 'tokens'];
const MAY: Record<Role, Role[]> = {
  admin: ['admin', 'operator', 'viewer'],
  operator: ['operator', 'viewer'],
  viewer: ['viewer'],
  tokens: ['tokens'],
};

interface ScopeCase {
  limits: () => Scope;
  isElsewhere?: true;
  isEverything?: true;
}

const SCOPES: Record<string, ScopeCase> = {
  'without limits': { limits: () => ({ platforms: null, merchants: null }), isEverything: true },
  'of its platform': { limits: () => ({ platforms: [mine.platform], merchants: null }) },
  'of the merchant': { limits: () => ({ platforms: null, merchants: [mine.merchant] }) },
  'of another platform': { limits: () => ({ platforms: [theirs.platform], merchants: null }), isElsewhere: true },
  'of another merchant': { limits: () => ({ platforms: null, merchants: [theirs.merchant] }), isElsewhere: true },
  'of the merchant at another platform': {
    limits: () => ({ platforms: [theirs.platform], merchants: [mine.merchant] }),
    isElsewhere: true,
  },
};

function refusalOf({ elsewhere, limited }: Rule, scope: ScopeCase): 'limited' | 'not found' | 'left out' | undefined {
  if (limited === 'any key with limits' && !scope.isEverything) return 'limited';
  if (scope.isElsewhere) return elsewhere;
  return limited && scope.limits().merchants ? 'limited' : undefined;
}

const actor = () => ({
  apiKeyId: adminId,
  role: 'admin' as const,
  scope: { platforms: null, merchants: null },
  tenant: null,
  expiresAt: null,
  requestId: 'test',
  ip: 'test',
});

async function aKey(role: Role, limits: Partial<Scope> = {}): Promise<{ id: string; key: string }> {
  const { key, issued } = await keys.issue(actor(), { name: role, role, expiresAt: null, ...limits });
  return { id: issued.id, key };
}
const aKeyOfMine = async () => (await aKey('viewer', { platforms: [mine.platform], merchants: [mine.merchant] })).id;

/** An admin's retry is a wish of its own, which keys with limits could not undo any more. */
async function askedOnce(): Promise<Partial<Names>> {
  await system.sql(`UPDATE deletions SET also_requested_by = '{}' WHERE id = $1`, [mine.deletion]);
  return {};
}

async function aSessionOfMine(): Promise<string> {
  const { key } = await aKey('viewer', { platforms: [mine.platform], merchants: [mine.merchant] });
  const { body } = await system.call('POST', '/v1/session', { api_key: key }, { authorization: '' });
  return body.id;
}

async function aPlatformWithoutMerchants(): Promise<string> {
  const component_appid = `wx${randomBytes(8).toString('hex')}`;
  const { status } = await system.call('POST', '/v1/platforms', { ...PLATFORM, component_appid });
  expect(status).toBe(201);
  return component_appid;
}

async function anEndpointOf({ platform, merchant }: Names): Promise<string> {
  const made = await system.call('POST', '/v1/webhook-endpoints', {
    url: 'https://hooks.example.com/retract',
    event_types: ['*'],
    platforms: [platform],
    merchants: [merchant],
  });
  return made.body.id;
}

async function anEndedTakedown(): Promise<string> {
  await system.call('POST', `/v1/takedowns/${mine.takedown}/cancel`);
  await system.sql(`UPDATE takedowns SET finished_at = now() WHERE id = $1`, [mine.takedown]);
  return mine.takedown;
}

async function aTenant(platform: typeof PLATFORM): Promise<Names> {
  await system.registerPlatform(platform);
  const merchant = await system.onboardMerchant({}, { platform });
  const names: Names = {
    platform: platform.component_appid,
    merchant,
    deletion: '',
    apiKey: '',
    endpoint: '',
    delivery: '',
    takedown: '',
    session: '',
  };
  // What is asked for within the narrowest limits is within all of those below.
  const { key } = await aKey('operator', { platforms: [names.platform], merchants: [merchant] });
  const authorization = `Bearer ${key}`;
  const accepted = await system.call('POST', '/v1/deletions', { merchant, ...anArticle() }, { authorization });
  names.deletion = accepted.body.id;
  const takedown = { items: [{ merchant, ...anArticle() }], undo_seconds: 3_600 };
  const taken = await system.call('POST', '/v1/takedowns', takedown, { authorization });
  names.takedown = taken.body.id;
  names.endpoint = await anEndpointOf(names);
  names.delivery = (await system.call('POST', `/v1/webhook-endpoints/${names.endpoint}/test`)).body.id;
  return names;
}

/** A stream does not end by itself: of one that opens, the first piece is read. */
async function openOnly(path: string, key: string | undefined): Promise<Reply> {
  const headers = { authorization: key ? `Bearer ${key}` : '' };
  const { status, headers: told, body } = await fetch(system.url + path, { headers });
  if (!body) throw new Error('no body');
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const { value = '' } = await reader.read();
  await reader.cancel();
  return { status, headers: told, body: status === 200 ? value : JSON.parse(value) };
}

/** @param route `METHOD /path/:parameter` */
async function ask(route: string, rule: Rule, named: Names, key: string | undefined): Promise<Reply> {
  const [method = '', pattern = ''] = route.split(' ');
  const path = pattern
    .replace(':componentAppid', named.platform)
    .replace(/:appid|:authorizerAppid/, named.merchant)
    .replace('/deletions/:id', `/deletions/${named.deletion}`)
    .replace('/takedowns/:id', `/takedowns/${named.takedown}`)
    .replace('/api-keys/:id', `/api-keys/${named.apiKey}`)
    .replace('/sessions/:id', `/sessions/${named.session}`)
    .replace('/webhook-endpoints/:id', `/webhook-endpoints/${named.endpoint}`)
    .replace(':deliveryId', named.delivery)
    .replace(':code', 'no_such_code')
    .replace('*', 'no-such-file');
  if (path.endsWith('/stream')) return openOnly(path, key);
  const query = rule.query ? `?${rule.query(named)}` : '';
  return system.call(method, path + query, rule.body?.(named), { authorization: key ? `Bearer ${key}` : '' });
}

const outcomeOf = ({ status, body }: Reply) => (status >= 400 ? { status, code: body.code } : { status });

describe('access to the api', () => {
  beforeAll(async () => {
    // So many keys are issued that a tenant would have all of its own.
    system = await System.start({ withWorker: false, env: { MAX_KEYS_PER_TENANT: '0' } });
    keys = system.api.get(IssuedKeys);
    const [admin] = await system.sql<{ id: string }>('SELECT id FROM api_keys');
    adminId = admin?.id ?? '';
    mine = await aTenant(PLATFORM);
    theirs = await aTenant({ ...PLATFORM, component_appid: 'wxfedcba9876543210' });
    mine.apiKey = await aKeyOfMine();
    mine.session = await aSessionOfMine();
    const [expired, revoked] = [await aKey('admin'), await aKey('admin')];
    await system.sql(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [expired.id]);
    await keys.revoke(actor(), revoked.id);
    spentKeys = [expired.key, revoked.key];
  });
  afterAll(() => system.close());

  it('has a rule for every route, and no rule without a route', () => {
    const routes = routeTable(system.api).filter((route) => !/^(HEAD|OPTIONS) /.test(route));
    expect(routes.sort()).toEqual(Object.keys(RULES).sort());
  });

  describe.each(Object.entries(RULES).filter(([route]) => /^(POST|PUT|PATCH|DELETE) \/v1\//.test(route)))(
    'what is done by %s',
    (route, rule) => {
      const isExcepted = route in NOT_AUDITED_HERE;
      (isExcepted ? it.skip : it)('is in the audit log', async () => {
        const acts = async () => {
          const [row] = await system.sql<{ acts: number }>(
            `SELECT (SELECT count(*) FROM audit_events) + (SELECT count(*) FROM audit_inbox) AS acts`,
          );
          return Number(row?.acts);
        };
        const named = { ...mine, ...(await rule.fresh?.()) };
        if (route.endsWith('/retry')) {
          await system.sql(`UPDATE deletions SET state = 'failed', finished_at = now() WHERE id = $1`, [mine.deletion]);
        }
        const { key } = await aKey(rule.needs === 'tokens' ? 'tokens' : 'admin');
        const before = await acts();
        const reply = await ask(route, rule, named, key);
        expect(reply.status).toBeLessThan(300);
        expect(await acts()).toBe(before + 1);
      });
    },
  );

  describe.each(Object.entries(RULES))('%s', (route, rule) => {
    const named = async (): Promise<Names> => ({ ...mine, ...(await rule.fresh?.()) });
    const unknown = (): Names => ({
      platform: 'wx0000000000000000',
      merchant: 'wx0000000000000001',
      deletion: randomUUID(),
      apiKey: randomUUID(),
      endpoint: randomUUID(),
      delivery: randomUUID(),
      takedown: randomUUID(),
      session: randomUUID(),
    });

    it('without a key that works', async () => {
      for (const key of [undefined, `rk_${'x'.repeat(43)}`, 'no-key', ...spentKeys]) {
        const reply = await ask(route, rule, mine, key);
        if (rule.needs === 'public') expect(rule.ok).toContain(reply.status);
        else expect(outcomeOf(reply)).toEqual({ status: 401, code: 'unauthenticated' });
      }
    });

    it.each(ROLES.flatMap((role) => Object.keys(SCOPES).map((scope) => [role, scope] as const)))(
      'with a key of the role %s %s',
      async (role, scopeName) => {
        const scope = SCOPES[scopeName];
        if (!scope) throw new Error('no such scope');
        const { key } = await aKey(role, scope.limits());
        const target = await named();
        const reply = await ask(route, rule, target, key);

        if (rule.needs === 'public') return expect(rule.ok).toContain(reply.status);
        if (rule.needs !== 'any' && !MAY[role].includes(rule.needs)) {
          return expect(outcomeOf(reply)).toEqual({ status: 403, code: 'forbidden' });
        }
        const refusal = refusalOf(rule, scope);
        if (refusal === 'limited') return expect(outcomeOf(reply)).toEqual({ status: 403, code: 'key_limited' });
        if (refusal === 'not found') {
          const nothing = unknown();
          const aboutNothing = await ask(route, rule, nothing, key);
          expect(outcomeOf(reply)).toEqual({ status: 404, code: expect.stringMatching(/_not_found$/) });
          // The very words that it has for what is not there: nobody learns that somebody else has it.
          const translated = Object.keys(mine).reduce(
            (text, name) => text.replaceAll(nothing[name as keyof Names], target[name as keyof Names]),
            JSON.stringify({ ...aboutNothing.body, request_id: '' }),
          );
          return expect({ ...reply.body, request_id: '' }).toEqual(JSON.parse(translated));
        }
        expect(rule.ok).toContain(reply.status);
        if (refusal === 'left out') {
          const { platform, deletion, apiKey, endpoint, delivery, takedown, session } = mine;
          const told = JSON.stringify(reply.body);
          const names = [platform, deletion, apiKey, endpoint, delivery, takedown, session];
          expect(names.filter((name) => told.includes(name))).toEqual([]);
        }
      },
    );
  });
});
