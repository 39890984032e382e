import { QueueUnavailable, QueueUrlInvalid } from './errors.js';
import { queueShortage } from './shortage.js';

const because = (cause: Error) => queueShortage(new QueueUnavailable('add', { cause }));

describe('what the queue is short of', () => {
  it.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'queue_full'],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 5c4, on @user_script:1.", 'queue_full'],
    [
      "ERR Error running script (call to f_5c4): @user_script:1: OOM command not allowed when used memory > 'maxmemory'.",
      'queue_full',
    ],
    ["READONLY You can't write against a read only replica.", 'queue_read_only'],
    ["ERR user_script:1: READONLY You can't write against a read only replica.", 'queue_read_only'],
    ['NOREPLICAS Not enough good replicas to write.', 'queue_read_only'],
    ['MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist', 'queue_read_only'],
    ["NOPERM this user has no permissions to run the 'eval' command", 'queue_refused'],
    ['NOAUTH Authentication required.', 'queue_refused'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'queue_refused'],
    ['MOVED 11153 10.0.0.2:6379', 'queue_refused'],
    ['LOADING Redis is loading the dataset in memory', 'queue_unavailable'],
    ['BUSY Redis is busy running a script.', 'queue_unavailable'],
    ['CLUSTERDOWN The cluster is down', 'queue_unavailable'],
    ['MASTERDOWN Link with MASTER is down', 'queue_unavailable'],
    ['Connection is closed.', 'queue_unavailable'],
    ['Reached the max retries per request limit (which is 1).', 'queue_unavailable'],
    ['', 'queue_unavailable'],
  ])('because of "%s": %s', (message, shortage) => {
    expect(because(new Error(message))).toBe(shortage);
    expect(because(new Error('outer', { cause: new Error(message) }))).toBe(shortage);
  });

  it.each([
    ['53100', 'queue_full'],
    ['25006', 'queue_read_only'],
    ['28P01', 'queue_refused'],
    ['28000', 'queue_refused'],
    ['53300', 'queue_unavailable'],
    ['57P01', 'queue_unavailable'],
    ['ECONNREFUSED', 'queue_unavailable'],
  ])('because of code %s: %s', (code, shortage) => {
    expect(because(Object.assign(new Error('said by the server'), { code }))).toBe(shortage);
  });

  it('is that it did not answer when nothing more is known', () => {
    expect(queueShortage(new QueueUnavailable('add: no answer in 5000 ms'))).toBe('queue_unavailable');
  });

  it('is nothing when the error is another', () => {
    for (const error of [new QueueUrlInvalid(), new Error('OOM'), undefined])
      expect(queueShortage(error)).toBeUndefined();
  });
});
