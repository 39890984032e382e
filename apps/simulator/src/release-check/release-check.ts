import { locationEvent, textMessage } from '../push/payloads.js';
import type { Push } from '../push/pusher.js';
import type { Simulation } from '../simulation/simulation.js';
import { SET_MESSAGES, SET_MINI_PROGRAM_CUSTOMER_SERVICE } from '../state/permission-sets.js';
import { seconds } from '../state/timeline.js';
import type { Merchant, Platform } from '../state/world.js';
import { TEST_ACCOUNTS, type TestAccount } from './test-accounts.js';

export type CaseName = 'ticket' | 'authorized' | 'text' | 'query_auth_code' | 'location' | 'unauthorized';

export interface CaseResult {
  case: CaseName;
  /** Null for the ticket, which is not about an account. */
  group: number | null;
  authorizer_appid: string | null;
  result: 'passed' | 'failed' | 'skipped';
  detail: string;
}

export interface ReleaseReport {
  component_appid: string;
  passed: boolean;
  cases: CaseResult[];
}

const TEXT = 'TESTCOMPONENT_MSG_TYPE_TEXT';
const ANSWER_THROUGH_API_MS = 10_000;

type Verdict = { passed: boolean; detail: string };

/**
 * The check that WeChat makes before a platform is released to everybody (全网发布检测), with all five groups of test
 * accounts where WeChat takes one.
 * https://developers.weixin.qq.com/doc/oplatform/Third-party_Platforms/2.0/operation/thirdparty/releases_instructions.html
 */
export class ReleaseCheck {
  private nextMessageId = 6_054_768_590_064_713_728n;

  constructor(
    private readonly simulation: Simulation,
    private readonly platform: Platform,
    private readonly answerThroughApiMs = ANSWER_THROUGH_API_MS,
  ) {}

  async run(): Promise<ReleaseReport> {
    const ticket = judgeEvent(await this.simulation.tickets.pushNow(this.platform));
    const ofAccounts = await Promise.all(TEST_ACCOUNTS.map((account) => this.checkAccount(account)));
    const cases: CaseResult[] = [
      { case: 'ticket', group: null, authorizer_appid: null, ...resultOf(ticket) },
      ...ofAccounts.flat(),
    ];
    return {
      component_appid: this.platform.componentAppid,
      passed: cases.every(({ result }) => result !== 'failed'),
      cases,
    };
  }

  private async checkAccount(account: TestAccount): Promise<CaseResult[]> {
    const { simulation, platform } = this;
    const merchant = simulation.registry.addMerchant({
      appid: account.appid,
      user_name: account.userName,
      kind: account.kind,
      nick_name: `Release check, group ${account.group}`,
    });
    const cases: CaseResult[] = [];
    const note = (name: CaseName, result: Omit<CaseResult, 'case' | 'group' | 'authorizer_appid'>) =>
      cases.push({ case: name, group: account.group, authorizer_appid: account.appid, ...result });

    const { push } = simulation.consent(platform, merchant);
    note('authorized', resultOf(judgeEvent(await push)));
    const stimuli: [CaseName, () => Promise<Verdict>][] = [
      ['text', () => this.checkText(merchant)],
      ['query_auth_code', () => this.checkQueryAuthCode(merchant)],
      ['location', () => this.checkLocation(merchant)],
    ];
    for (const [name, check] of stimuli) {
      const reason = this.skipReason(name, account);
      note(name, reason === undefined ? resultOf(await check()) : { result: 'skipped', detail: reason });
    }
    note('unauthorized', resultOf(judgeEvent(await simulation.deauthorize(platform, merchant.appid))));
    simulation.world.merchants.delete(merchant.appid);
    platform.grants.delete(merchant.appid);
    return cases;
  }

  private skipReason(name: CaseName, { kind }: TestAccount): string | undefined {
    if (kind === 'mini_program' && name === 'location') return 'mini programs have no such event';
    const needed = kind === 'official' ? SET_MESSAGES : SET_MINI_PROGRAM_CUSTOMER_SERVICE;
    return this.platform.permissionSets.includes(needed) ? undefined : `the platform does not ask for set ${needed}`;
  }

  private async checkText(merchant: Merchant): Promise<Verdict> {
    const openid = this.simulation.newOpenid();
    return expectReply(await this.say(merchant, openid, TEXT), merchant, openid, `${TEXT}_callback`);
  }

  private async checkLocation(merchant: Merchant): Promise<Verdict> {
    const openid = this.simulation.newOpenid();
    const event = locationEvent(merchant, openid, seconds(this.simulation.timeline.now()));
    const push = await this.simulation.pusher.pushMessage(this.platform, merchant, event, openid);
    return expectReply(push, merchant, openid, 'LOCATIONfrom_callback');
  }

  /** The answer must come through the API, with a token for the code in the message. */
  private async checkQueryAuthCode(merchant: Merchant): Promise<Verdict> {
    const { simulation, platform } = this;
    const openid = simulation.newOpenid();
    const code = simulation.authorizations.createAuthCode(
      simulation.authorizations.activeGrant(platform, merchant.appid),
    ).value;
    const answered = simulation.customMessage(
      ({ appid, touser, text }) => appid === merchant.appid && touser === openid && text === `${code}_from_api`,
      this.answerThroughApiMs,
    );
    const push = await this.say(merchant, openid, `QUERY_AUTH_CODE:${code}`);
    const verdict = verdictOf(push);
    if (verdict !== 'no_reply') return { passed: false, detail: `expected an empty answer, got ${verdict}` };
    return (await answered)
      ? { passed: true, detail: 'answered through message/custom/send' }
      : { passed: false, detail: 'no message/custom/send with `<code>_from_api` came' };
  }

  private async say(merchant: Merchant, openid: string, content: string): Promise<Push | undefined> {
    const now = seconds(this.simulation.timeline.now());
    const fields = textMessage(merchant, openid, content, this.nextMessageId++, now);
    return this.simulation.pusher.pushMessage(this.platform, merchant, fields, openid);
  }
}

const resultOf = ({ passed, detail }: Verdict) => ({
  result: passed ? ('passed' as const) : ('failed' as const),
  detail,
});

function judgeEvent(push: Push | undefined): Verdict {
  const verdict = verdictOf(push);
  return { passed: verdict === 'success', detail: verdict };
}

function expectReply(push: Push | undefined, merchant: Merchant, openid: string, content: string): Verdict {
  const verdict = verdictOf(push);
  if (verdict !== 'reply') return { passed: false, detail: `expected an encrypted reply, got ${verdict}` };
  const { ToUserName: to, FromUserName: from, MsgType: type, Content: given } = push?.reply ?? {};
  const isRight = to === openid && from === merchant.userName && type === 'text' && given === content;
  return isRight
    ? { passed: true, detail: 'reply' }
    : { passed: false, detail: `the reply is not the text ${content} from the account to the sender` };
}

/** The result of the first attempt: the check does not wait for a second one. */
const verdictOf = (push: Push | undefined): string =>
  push?.attempts[0]?.verdict ?? push?.state ?? 'no URL is registered';
