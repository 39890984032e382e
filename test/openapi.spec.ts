import { eventTypes } from '@app/events';
import { apiDescription } from '../apps/api/src/api-description.js';
import { problemCodes } from '../apps/api/src/http/problems/problems.js';

/**
 * Codes that no operation of the description has: of WeChat's pushes, merchants' pages and probes, which are not in it;
 * of lines within a body; and of the queue, of which requests only leave work to a later sweep.
 */
const ELSEWHERE = [
  'authorization_code_refused',
  'authorization_link_expired',
  'authorization_link_forged',
  'authorization_link_of_another',
  'authorization_link_used',
  'authorization_state_expired',
  'authorization_state_forged',
  'authorization_state_used',
  'line_too_long',
  'method_not_allowed',
  'not_found',
  'not_ready',
  'open_authorization_off',
  'push_refused',
  'queue_full',
  'queue_read_only',
  'queue_refused',
  'queue_unavailable',
  'too_many_authorizations',
];

const OF_ALL_WITH_KEY = ['unauthenticated', 'forbidden', 'rate_limited'];
const SAYING_THE_ROLE = /^[A-Z][\s\S]+\n\nTakes an API key of (the role `\w+`|any role)\.$/;

describe('the description of the API', () => {
  let document: any;
  let operations: { route: string; operation: any }[];

  beforeAll(async () => {
    document = await apiDescription();
    operations = Object.entries<any>(document.paths).flatMap(([path, item]) =>
      Object.entries<any>(item).map(([method, operation]) => ({ route: `${method.toUpperCase()} ${path}`, operation })),
    );
  });

  const codesOf = (operation: any): string[] =>
    Object.values<any>(operation.responses).flatMap(({ $ref = '' }) => {
      const shared = document.components.responses[$ref.split('/').at(-1)];
      return shared?.content['application/problem+json'].schema.allOf[1].properties.code.enum ?? [];
    });

  it('has a summary, a text, one tag, an answer and problems for every operation', () => {
    const tags = document.tags.map(({ name }: { name: string }) => name);
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { route, operation } of operations) {
      const { operationId, summary, description, responses } = operation;
      const isPublic = operation.security?.length === 0;
      expect({ route, operationId, summary, description, tags: operation.tags, codes: codesOf(operation) }).toEqual({
        route,
        operationId: expect.stringMatching(/^[a-z][A-Za-z]+$/),
        summary: expect.stringMatching(/^[A-Z].+[^.]$/),
        description: expect.stringMatching(isPublic ? /^[A-Z].+ Needs no API key\.$/ : SAYING_THE_ROLE),
        tags: [expect.any(String)],
        codes: expect.arrayContaining(['internal_error', ...(isPublic ? [] : OF_ALL_WITH_KEY)]),
      });
      expect(tags).toContain(operation.tags[0]);
      for (const [status, answer] of Object.entries<any>(responses)) {
        if (!/^2/.test(status)) continue;
        const told = Boolean(answer.content) || status === '204';
        expect({ route, status, description: answer.description, told }).toEqual({
          route,
          status,
          description: expect.stringMatching(/^(?!Done)[A-Z].+\.$/),
          told: true,
        });
      }
    }
  });

  it('says of every code which operations may answer with it', () => {
    const said = new Set(operations.flatMap(({ operation }) => codesOf(operation)));
    expect([...said, ...ELSEWHERE].sort()).toEqual([...problemCodes].sort());
  });

  it('has a webhook for every type of event, and for the test of an endpoint', () => {
    expect(Object.keys(document.webhooks).sort()).toEqual([...eventTypes, 'webhook.test'].sort());
    for (const [type, { post }] of Object.entries<any>(document.webhooks)) {
      const { $ref } = post.requestBody.content['application/json'].schema;
      const message = document.components.schemas[$ref.split('/').at(-1)];
      expect(message.properties.type).toMatchObject({ const: type });
      expect({ type, summary: post.summary, description: post.description }).toEqual({
        type,
        summary: expect.stringMatching(/^[A-Z]/),
        description: expect.stringMatching(/^[A-Z].{10}/),
      });
    }
  });

  it('takes booleans in queries as booleans', () => {
    const parameters = operations.flatMap(({ operation }) => operation.parameters ?? []);
    const named = parameters.filter(({ name }: any) => ['dry_run', 'eligible', 'allow_late'].includes(name));
    expect(named.map(({ schema }: any) => schema.type)).toEqual(named.map(() => 'boolean'));
    expect(named.length).toBeGreaterThan(2);
  });

  it('takes numbers in queries as numbers, within their bounds', () => {
    const parameters = operations.flatMap(({ operation }) => operation.parameters ?? []);
    const limits = parameters.filter(({ name }: any) => name === 'limit');
    expect(limits.length).toBeGreaterThan(5);
    for (const { schema } of limits) {
      expect(schema).toEqual({ type: 'integer', minimum: 1, maximum: expect.any(Number), default: expect.any(Number) });
    }
  });
});
