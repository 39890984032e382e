/**
 * The caller's next step.
 * - `done`: nothing.
 * - `credential_expired`: refresh the token that was used, once, and call again. Which token that is (component's or
 *   account's) is known by the operation, not by the code.
 * - `unknown_outcome`: it may or may not have happened: look before repeating.
 * - `already_gone`: the message is not in a state to be deleted; if `mass/get` says DELETE, that is a success.
 * - `too_fast`: wait, at least a minute.
 * - `quota_spent`: wait for the next day.
 * - `merchant_must_act`: nothing works for this account until its admin (re)authorizes or puts the account in order.
 * - `admin_must_confirm`: the account's admin has to confirm this call, or has refused it for a while.
 * - `platform_broken`: every account of this platform would fail: configuration, ticket, caller's IP.
 * - `refused`: this request will never work.
 */
export type OutcomeClass =
  | 'done'
  | 'credential_expired'
  | 'unknown_outcome'
  | 'already_gone'
  | 'too_fast'
  | 'quota_spent'
  | 'merchant_must_act'
  | 'admin_must_confirm'
  | 'platform_broken'
  | 'refused';

/**
 * WeChat's error codes, sorted by the caller's next step. Only what a third-party platform may meet: a code that is not
 * here is `refused`.
 * @see https://developers.weixin.qq.com/doc/oplatform/Return_codes/Return_code_descriptions_new.html
 * @see https://developers.weixin.qq.com/doc/service/api/notify/message/api_deletemassmsg
 */
export const errcodes: Readonly<Record<OutcomeClass, readonly number[]>> = {
  done: [0],
  credential_expired: [40001, 40014, 42001, 42006],
  unknown_outcome: [
    -1,
    // Seen although the article had been deleted.
    40060, 61008,
  ],
  already_gone: [40065],
  too_fast: [45011, 45066, 45085, 45102],
  quota_spent: [45009, 45028, 45040, 45104],
  merchant_must_act: [
    40030,
    // Our stored refresh token was blank: a matter of this one account, so not platform_broken.
    41003, 42002, 42007, 43007, 48001, 48003, 48004, 50001, 50002, 61003, 61007, 61009, 61010, 61016, 61017, 61018,
    61019, 61023,
  ],
  admin_must_confirm: [89501, 89502, 89503, 89504, 89505, 89506, 89507],
  platform_broken: [
    40013, 40066, 40090, 40091, 40094, 40125, 40164, 40222, 40234, 40243, 41002, 41004, 41018, 41021, 43001, 43002,
    43003, 45035, 45103, 48017, 61000, 61001, 61004, 61005, 61006, 61011, 61024, 61028, 61029, 61030,
  ],
  refused: [
    40002, 40003, 40007, 40008, 40031, 40032, 40033, 40059, 40099, 40130, 40163, 40170, 40201, 40202, 40203, 40204,
    // The next four say that a request of ours was built wrongly: nothing an operator could configure.
    41001, 44002, 61014, 61015, 45001, 45062, 45063, 45065, 45067, 45083, 45084, 47001, 47002, 48002, 48005, 48006,
    48008, 48009, 50003, 50004, 50005, 61002, 61012, 61013, 61025, 61051, 61070, 76001, 76002, 76003, 76004, 76021,
    76022, 9500001,
  ],
};

/** The ms for which WeChat asks to wait. A code without an entry has no documented time. */
const documentedWaits: Readonly<Record<number, number>> = {
  45011: 60_000,
  45066: 60_000,
  89506: 24 * 3_600_000,
  89507: 3_600_000,
};

const classByCode = new Map(
  Object.entries(errcodes).flatMap(([outcome, codes]) =>
    // Object.entries forgets that the keys are the classes.
    codes.map((code) => [code, outcome as OutcomeClass] as const),
  ),
);

/** The class by errcode only: errmsg is free text with a request id in it. */
export function classify(errcode: number): OutcomeClass {
  return classByCode.get(errcode) ?? 'refused';
}

/** ms to wait before calling again, where WeChat says so. */
export function documentedWaitMs(errcode: number): number | undefined {
  return documentedWaits[errcode];
}
