import { GrantLost, TicketMissing, TokenUnavailable } from '@app/merchants';
import { ConnectFailed, errcodes, errorForErrcode, UnknownOutcome, type OutcomeClass } from '@app/wechat';
import {
  afterDelete,
  afterNoSecondCall,
  afterStillThere,
  afterTokenFailure,
  afterVerifyFailure,
  type CallContext,
  type NextStep,
} from './next-step.js';
import type { HoldReason } from '../holds/platform-hold.entity.js';

const fresh: CallContext = {
  hasMsgId: true,
  isWholeMessage: false,
  isFirstAnswerLost: false,
  isTokenRenewed: false,
  retriesLeft: 5,
};
const urlOnly = { ...fresh, hasMsgId: false };
const lost = { ...fresh, isFirstAnswerLost: true };
const lastTime = { ...fresh, isTokenRenewed: true, retriesLeft: 0 };

const deletion = (errcode: number) => errorForErrcode({ operation: 'mass/delete', errcode });
const timeout = new UnknownOutcome({ operation: 'mass/delete' }, 'timeout');
const noConnection = new ConnectFailed({ operation: 'mass/delete' });

const MINUTE_MS = 60_000;
const forAMint: NextStep = { do: 'wait', for: 'platform', pauseMs: 30_000 };
const forAToken: NextStep = { do: 'wait', for: 'token_conflict' };
const forAnHour: NextStep = { do: 'wait', for: 'platform', pauseMs: 60 * MINUTE_MS };
const hold = (reason: HoldReason, errcode?: number): NextStep => ({ do: 'hold', reason, errcode });

const heldForAMinute: NextStep = {
  do: 'hold',
  reason: 'platform_too_fast',
  errcode: 45011,
  leastPauseMs: MINUTE_MS,
};

/** What each class of answer leads to, the first time. */
const steps: Record<
  Exclude<OutcomeClass, 'done' | 'merchant_must_act' | 'admin_must_confirm' | 'platform_broken'>,
  NextStep
> = {
  credential_expired: { do: 'renew_token' },
  unknown_outcome: { do: 'retry' },
  already_gone: { do: 'verify', code: 'already_gone' },
  too_fast: { do: 'wait', for: 'rate_limit', pauseMs: MINUTE_MS },
  quota_spent: { do: 'wait', for: 'daily_quota' },
  refused: { do: 'fail', code: 'refused' },
};
const codesOf = (outcome: OutcomeClass) => errcodes[outcome];

describe('after mass/delete failed', () => {
  describe.each(Object.entries(steps))('with %s', (outcome, step) => {
    // Object.entries forgets that its keys are classes.
    it.each(codesOf(outcome as OutcomeClass).filter((errcode) => errcode !== 40060))(
      '%i, the step is that of its class',
      (errcode) => {
        expect(afterDelete(deletion(errcode), fresh)).toEqual(step);
      },
    );
  });

  it.each(codesOf('merchant_must_act'))('with %i, the deletion fails: only the merchant can help', (errcode) => {
    expect(afterDelete(deletion(errcode), fresh)).toMatchObject({ do: 'fail' });
  });

  it.each([
    [61003, 'unauthorized'],
    [43007, 'unauthorized'],
    [61007, 'permission_set_7_not_granted'],
    [50001, 'permission_set_7_not_granted'],
    [61016, 'permission_set_7_not_granted'],
    [61017, 'permission_set_7_not_granted'],
    [61023, 'reauthorization_required'],
    [42007, 'reauthorization_required'],
  ])('with %i, the merchant is known to be %s from then on', (errcode, lesson) => {
    expect(afterDelete(deletion(errcode), fresh)).toEqual({ do: 'fail', code: lesson, lesson });
  });

  it.each([
    [48001, 'not_verified'],
    [48004, 'account_frozen'],
    [50002, 'account_frozen'],
  ])('with %i, it fails as merchant_must_act, and the merchant counts as %s from then on', (errcode, lesson) => {
    expect(afterDelete(deletion(errcode), fresh)).toEqual({ do: 'fail', code: 'merchant_must_act', lesson });
  });

  it.each([48003, 61009, 61018])('with %i, it fails as merchant_must_act', (errcode) => {
    expect(afterDelete(deletion(errcode), fresh)).toEqual({ do: 'fail', code: 'merchant_must_act', lesson: undefined });
  });

  it.each([
    [89501, 10 * MINUTE_MS],
    [89502, 10 * MINUTE_MS],
    [89503, 10 * MINUTE_MS],
    [89504, 10 * MINUTE_MS],
    [89505, 10 * MINUTE_MS],
    [89506, 24 * 60 * MINUTE_MS],
    [89507, 60 * MINUTE_MS],
  ])('with %i, it waits for the admin for %i ms', (errcode, pauseMs) => {
    expect(codesOf('admin_must_confirm')).toContain(errcode);
    expect(afterDelete(deletion(errcode), fresh)).toEqual({ do: 'wait', for: 'merchant_admin', pauseMs });
  });

  it('with 40060, WeChat is asked once, and no further call is spent on a number out of range', () => {
    expect(afterDelete(deletion(40060), fresh)).toEqual({ do: 'verify', code: 'refused' });
  });

  it('with 40066 for an address, it fails: it is the article that does not exist', () => {
    expect(afterDelete(deletion(40066), urlOnly)).toEqual({ do: 'fail', code: 'refused' });
  });

  it('with 40060 for an address, which has no number, it is retried', () => {
    expect(afterDelete(deletion(40060), urlOnly)).toEqual({ do: 'retry' });
  });

  it.each([
    [deletion(61004), 'platform_broken'],
    [noConnection, 'connect_failed'],
  ])('holding the platform up once too often (%s), it fails', (error, code) => {
    expect(afterDelete(error, lastTime)).toEqual({ do: 'fail', code });
  });

  it('with a code that nobody knows, it fails at once', () => {
    expect(afterDelete(deletion(1_234_567), fresh)).toEqual({ do: 'fail', code: 'refused' });
  });

  it('without an answer, it is retried', () => {
    expect(afterDelete(timeout, fresh)).toEqual({ do: 'retry' });
  });

  it.each(codesOf('platform_broken'))('with %i, the whole platform is held', (errcode) => {
    const reason = [40091, 61005, 61006].includes(errcode) ? 'ticket_invalid' : 'platform_broken';
    expect(afterDelete(deletion(errcode), fresh)).toEqual(hold(reason, errcode));
  });

  it('without a connection, nothing was spent and the whole platform is held', () => {
    expect(afterDelete(noConnection, fresh)).toEqual(hold('connect_failed'));
  });

  it.each(codesOf('credential_expired'))(
    'with %i to a token that was minted for the call, another system mints too: its lane waits, and no retry is used up',
    (errcode) => {
      for (const retriesLeft of [5, 0]) {
        const context = { ...fresh, isTokenRenewed: true, retriesLeft };
        expect(afterDelete(deletion(errcode), context)).toEqual(forAToken);
        expect(afterVerifyFailure(deletion(errcode), context)).toEqual(forAToken);
      }
    },
  );

  it('because the call could not be made once more in time, it is retried, and fails at last', () => {
    expect(afterNoSecondCall(fresh)).toEqual({ do: 'retry' });
    expect(afterNoSecondCall(lastTime)).toEqual({ do: 'fail', code: 'credential_expired' });
  });

  it.each([['an unknown outcome', timeout, 'unknown_outcome']])(
    'with %s once too often, it fails',
    (_what, error, code) => {
      expect(afterDelete(error, lastTime)).toEqual({ do: 'fail', code });
    },
  );

  it.each([deletion(45011), deletion(45009), deletion(89503)])('waiting (%s) needs no retries', (error) => {
    expect(afterDelete(error, lastTime)).toMatchObject({ do: 'wait' });
  });

  it('because a url is gone already, it fails: without a msg_id nothing can prove it', () => {
    expect(afterDelete(deletion(40065), urlOnly)).toEqual({ do: 'fail', code: 'already_gone' });
  });

  it('through a bug of ours, nothing is decided', () => {
    expect(afterDelete(new TypeError('x is not a function'), fresh)).toBeUndefined();
  });
});

describe('after an answer was lost and the next call was answered', () => {
  const allCodes = Object.values(errcodes).flat();

  it.each(allCodes.filter((errcode) => errcode !== 0 && errcode !== 40065))(
    'with %i, the step is the same as without the lost answer: nothing is inferred from it',
    (errcode) => {
      for (const hasMsgId of [true, false]) {
        const error = deletion(errcode);
        expect(afterDelete(error, { ...lost, hasMsgId })).toEqual(afterDelete(error, { ...fresh, hasMsgId }));
      }
    },
  );

  it('with 40065 for an address, it was probably the lost call that deleted it', () => {
    expect(afterDelete(deletion(40065), { ...lost, hasMsgId: false })).toEqual({ do: 'infer' });
  });

  it('with 40065 for a msg_id, mass/get is asked first, which may prove it', () => {
    expect(afterDelete(deletion(40065), lost)).toEqual({ do: 'verify', code: 'already_gone' });
  });

  const gone = { do: 'fail', code: 'already_gone' };
  const refused = { do: 'fail', code: 'refused' };
  it.each<[string, string, string | undefined, Partial<CallContext>, object]>([
    ['of an article of a message that was sent', 'already_gone', 'SEND_SUCCESS', {}, { do: 'infer' }],
    ['when no answer was lost', 'already_gone', 'SEND_SUCCESS', { isFirstAnswerLost: false }, gone],
    [
      'of a whole message, of which mass/get would say it',
      'already_gone',
      'SEND_SUCCESS',
      { isWholeMessage: true },
      gone,
    ],
    ['of a message that is being sent', 'already_gone', 'SENDING', {}, gone],
    ['of a message that was not sent', 'already_gone', 'SEND_FAIL', {}, gone],
    ['in a state that nobody knows', 'already_gone', 'PARTLY', {}, gone],
    ['of a message that mass/get does not know', 'already_gone', undefined, {}, gone],
    ['of an index out of range', 'refused', 'SEND_SUCCESS', {}, refused],
    ['of an index out of range of an unknown message', 'refused', undefined, {}, refused],
  ])('%s: %s with %s', (_what, code, status, context, step) => {
    expect(afterStillThere(code, status, { ...lost, ...context })).toEqual(step);
  });
});

describe('when no token could be had', () => {
  it.each<[string, Error, NextStep]>([
    ['the merchant took its grant back', new GrantLost('wx1', 'unauthorized'), { do: 'fail', code: 'unauthorized' }],
    [
      'the merchant has to authorize again',
      new GrantLost('wx1', 'reauthorization_required'),
      { do: 'fail', code: 'reauthorization_required' },
    ],
    [
      'the refresh token is refused',
      deletion(61023),
      { do: 'fail', code: 'reauthorization_required', lesson: 'reauthorization_required' },
    ],
    ['the platform has no ticket', new TicketMissing('wx1'), hold('ticket_missing')],
    ['the mint failed a moment ago', new TokenUnavailable('unknown_outcome'), forAMint],
    ['WeChat did not answer', timeout, forAMint],
    ['the platform has minted too often this minute', deletion(45011), heldForAMinute],
    ['WeChat could not be reached', noConnection, hold('connect_failed')],
    ['our address is not registered', deletion(61004), hold('platform_broken', 61004)],
    ['the ticket is too old', deletion(61005), hold('ticket_invalid', 61005)],
    ...codesOf('quota_spent').map((errcode): [string, Error, NextStep] => [
      `the platform's own day is spent (${errcode})`,
      deletion(errcode),
      hold('platform_quota_spent', errcode),
    ]),
  ])('because %s, the step is known', (_why, error, step) => {
    expect(afterTokenFailure(error)).toEqual(step);
  });

  it('through a bug of ours, nothing is decided', () => {
    expect(afterTokenFailure(new TypeError('x is not a function'))).toBeUndefined();
  });
});

describe('when mass/get could not be asked', () => {
  it.each<[string, Error, NextStep]>([
    ['nobody answered', timeout, { do: 'retry' }],
    ['the token was refused', deletion(40001), { do: 'renew_token' }],
    ['calls come too fast', deletion(45011), { do: 'wait', for: 'rate_limit', pauseMs: MINUTE_MS }],
    ['the admin shut our address out', deletion(89507), { do: 'wait', for: 'merchant_admin', pauseMs: 60 * MINUTE_MS }],
    ['its own quota is spent, which is not that of deletions', deletion(45009), forAnHour],
    ['the platform is broken', deletion(61004), hold('platform_broken', 61004)],
    ['it knows no such message, the delete call will tell why', deletion(40059), { do: 'call' }],
    ['the grant is gone', deletion(61003), { do: 'fail', code: 'unauthorized', lesson: 'unauthorized' }],
  ])('because %s, the step is known', (_why, error, step) => {
    expect(afterVerifyFailure(error, fresh)).toEqual(step);
  });

  it('once too often, the deletion fails', () => {
    expect(afterVerifyFailure(timeout, lastTime)).toEqual({ do: 'fail', code: 'unknown_outcome' });
  });

  it('through a bug of ours, nothing is decided', () => {
    expect(afterVerifyFailure(new TypeError('x is not a function'), fresh)).toBeUndefined();
  });
});
