import type { DeniedReason } from './eligibility.js';

/** What an answer of WeChat says about the grant itself, beyond the call that it answered. */
export type GrantLesson = 'unauthorized' | 'reauthorization_required' | 'permission_set_7_not_granted' | DeniedReason;

/** What an errcode says about the grant itself, whatever call it answered; undefined when it says nothing about it. */
export function lessonOf(errcode: number | undefined): GrantLesson | undefined {
  return errcode === undefined ? undefined : LESSONS.get(errcode);
}

const LESSONS = new Map<number, GrantLesson>([
  [61003, 'unauthorized'],
  [43007, 'unauthorized'],
  // The password was changed: access and refresh tokens are void.
  [42007, 'reauthorization_required'],
  [61023, 'reauthorization_required'],
  [61007, 'permission_set_7_not_granted'],
  // "Not authorized for this API", and a set that still needs its second confirmation.
  [50001, 'permission_set_7_not_granted'],
  [61016, 'permission_set_7_not_granted'],
  [61017, 'permission_set_7_not_granted'],
  // Only verified accounts have the mass-message API.
  [48001, 'not_verified'],
  [48004, 'account_frozen'],
  [50002, 'account_frozen'],
]);
