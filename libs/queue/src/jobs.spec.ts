import { jobs, queueNames, queues, type JobName } from './jobs.js';

const jobNames = Object.keys(jobs) as JobName[];

/** Payloads as the last release wrote them, which may still lie in a queue. Change one only together with a release. */
const lastRelease = {
  'deletion.run': {
    deletion_id: '0198c0de-0000-7000-8000-000000000001',
    request_id: '0198c0de-0000-7000-8000-000000000002',
  },
  'callback.process': {
    callback_event_id: '0198c0de-0000-7000-8000-000000000003',
    request_id: '0198c0de-0000-7000-8000-000000000004',
  },
  'callback.forward': {
    callback_forward_id: '0198c0de-0000-7000-8000-000000000005',
    request_id: '0198c0de-0000-7000-8000-000000000006',
  },
  'authorizer.refresh-token': {
    merchant_id: '0198c0de-0000-7000-8000-000000000007',
    request_id: '0198c0de-0000-7000-8000-000000000008',
  },
  'deletion.verify': {
    deletion_id: '0198c0de-0000-7000-8000-00000000000d',
    request_id: '0198c0de-0000-7000-8000-00000000000e',
  },
  'merchant.read-awaited-facts': {
    merchant_id: '0198c0de-0000-7000-8000-000000000011',
    request_id: '0198c0de-0000-7000-8000-000000000012',
  },
  'merchant.read-facts': {
    merchant_id: '0198c0de-0000-7000-8000-000000000009',
    request_id: '0198c0de-0000-7000-8000-00000000000a',
  },
  'merchant.read-quota': {
    merchant_id: '0198c0de-0000-7000-8000-00000000000f',
    request_id: '0198c0de-0000-7000-8000-000000000010',
  },
  'platform.reconcile': {
    platform_id: '0198c0de-0000-7000-8000-00000000000b',
    request_id: '0198c0de-0000-7000-8000-00000000000c',
  },
  'webhook.deliver': {
    webhook_delivery_id: '0198c0de-0000-7000-8000-00000000000d',
    request_id: '0198c0de-0000-7000-8000-00000000000e',
  },
};

describe('the job catalogue', () => {
  it('still parses what the last release put into the queues', () => {
    for (const name of jobNames) expect(jobs[name].schema.parse(lastRelease[name])).toEqual(lastRelease[name]);
  });

  it('refuses data with anything besides what a job needs', () => {
    for (const name of jobNames) {
      expect(jobs[name].schema.safeParse({ ...lastRelease[name], access_token: 'a secret' }).success).toBe(false);
    }
  });

  it('refuses data without an id or with something else in its place', () => {
    const { deletion_id: _id, ...without } = lastRelease['deletion.run'];
    for (const data of [
      without,
      { ...without, deletion_id: '7' },
      { ...lastRelease['deletion.run'], request_id: '' },
    ]) {
      expect(jobs['deletion.run'].schema.safeParse(data).success).toBe(false);
    }
  });

  it('puts every job on a queue that exists, and leaves no queue without a job', () => {
    expect(new Set(jobNames.map((name) => jobs[name].queue))).toEqual(new Set(queueNames));
    for (const name of queueNames) expect(queues[name].concurrency).toBeGreaterThan(0);
  });

  it('tries to forward a push for about a day', () => {
    const { attempts, backoff } = jobs['callback.forward'];
    const waits = Array.from({ length: attempts - 1 }, (_, index) => backoff(index + 1, undefined, 0.5));
    expect(waits.reduce((sum, wait) => sum + wait, 0) / 3_600_000).toBeCloseTo(22.5, 0);
  });

  it('tries a webhook for a day, also when chance makes all waits short', () => {
    const { attempts, backoff } = jobs['webhook.deliver'];
    const hours = (random: number) =>
      Array.from({ length: attempts - 1 }, (_, index) => backoff(index + 1, undefined, random)).reduce(
        (sum, wait) => sum + wait,
        0,
      ) / 3_600_000;
    expect(hours(0.5)).toBeCloseTo(26, 0);
    expect(hours(0.999)).toBeGreaterThan(22);
  });
});
