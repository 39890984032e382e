import type { Act, Role } from '@app/access';
import type { ApiKey, Platform, WebhookDelivery, WebhookEndpoint } from '@app/client';
import type { DeletionState, HoldReason, Proof, TakedownView, WaitingFor } from '@app/deletions';
import { eventTypes, type EventType } from '@app/events';
import type {
  CallFailureCode,
  Check,
  CheckName,
  FindingCode,
  IneligibleReason,
  MerchantState,
  WarningCode,
} from '@app/merchants';
import { errcodes } from '@app/wechat';
import * as words from '@app/words';
import type { ProblemCode } from '../apps/api/src/http/problems/problems.js';
import type { Alarm, AlarmCode } from '../apps/api/src/overview/alarms.js';

const problems = words.problemWords satisfies Record<ProblemCode, words.ProblemWords>;
const ofProblems = (part: keyof words.ProblemWords) =>
  Object.fromEntries(Object.entries<words.ProblemWords>(problems).map(([code, both]) => [code, both[part]]));

type KeyState = ApiKey['state'];
type DisabledReason = NonNullable<WebhookEndpoint['disabled_reason']>;

/** The compiler refuses a list that lacks a value of its type, or has one too many. */
const lists = {
  deletionStates: words.deletionStateWords satisfies Record<DeletionState, words.Words>,
  waitingFor: words.waitingForWords satisfies Record<WaitingFor, words.Words>,
  proofs: words.proofWords satisfies Record<Proof, words.Words>,
  takedownStates: words.takedownStateWords satisfies Record<TakedownView['state'], words.Words>,
  holdReasons: words.holdReasonWords satisfies Record<HoldReason, words.Words>,
  merchantStates: words.merchantStateWords satisfies Record<MerchantState, words.Words>,
  ineligibleReasons: words.ineligibleReasonWords satisfies Record<IneligibleReason, words.Words>,
  eligibilityWarnings: words.eligibilityWarningWords satisfies Record<WarningCode, words.Words>,
  eventTypes: words.eventTypeWords satisfies Record<EventType, words.Words>,
  roles: words.roleWords satisfies Record<Role, words.Words>,
  roleNames: words.roleNameWords satisfies Record<Role, words.Words>,
  keyStates: words.keyStateWords satisfies Record<KeyState, words.Words>,
  auditActions: words.auditActionWords satisfies Record<Act['action'], words.Words>,
  auditSubjects: words.auditSubjectWords satisfies Record<Act['subjectType'], words.Words>,
  ticketStates: words.ticketStateWords satisfies Record<Platform['ticket_state'], words.Words>,
  checks: words.checkWords satisfies Record<CheckName, words.Words>,
  checkStates: words.checkStateWords satisfies Record<Check['state'], words.Words>,
  findings: words.findingWords satisfies Record<FindingCode | CallFailureCode, words.Words>,
  remedies: words.remedyWords satisfies Partial<Record<FindingCode | CallFailureCode, words.Words>>,
  endpointStates: words.endpointStateWords satisfies Record<WebhookEndpoint['state'], words.Words>,
  endpointDisabled: words.endpointDisabledWords satisfies Record<DisabledReason, words.Words>,
  deliveryStates: words.deliveryStateWords satisfies Record<WebhookDelivery['state'], words.Words>,
  deliveryErrors: words.deliveryErrorWords,
  serviceTypes: words.serviceTypeWords,
  verifyTypes: words.verifyTypeWords,
  accountStatuses: words.accountStatusWords,
  alarms: words.alarmWords satisfies Record<AlarmCode, words.Words>,
  severities: words.severityWords satisfies Record<Alarm['severity'], words.Words>,
  problemTitles: ofProblems('title'),
  problemSteps: ofProblems('next'),
  outcomes: words.outcomeWords,
  errcodes: words.errcodeWords,
  onboarding: words.onboardingWords,
  onboardingProblems: words.onboardingProblemWords,
};

describe('the words of the product', () => {
  it.each(Object.entries(lists))('say %s in Chinese and in English', (_name, list) => {
    for (const [code, { zh, en }] of Object.entries<words.Words>(list)) {
      expect([code, zh]).toEqual([code, expect.stringMatching(/\p{Script=Han}/u)]);
      expect([code, en]).toEqual([code, expect.stringMatching(/^[^\p{Script=Han}]*[a-z][^\p{Script=Han}]*$/u)]);
    }
  });

  it('have every errcode of the table and no other', () => {
    const known = Object.values(errcodes).flat().map(String).sort();
    expect(Object.keys(words.errcodeWords).sort()).toEqual(known);
  });

  it('have every type of event', () => {
    expect(Object.keys(words.eventTypeWords).sort()).toEqual([...eventTypes].sort());
  });

  it('never name an endpoint or a setting to a merchant', () => {
    for (const { zh, en } of Object.values<words.Words>(words.onboardingProblemWords)) {
      expect(zh + en).not.toMatch(/\/v1|`|POST|GET|[A-Z]+_[A-Z]+/);
    }
  });
});
