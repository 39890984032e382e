import type { Role } from './api-key.entity.js';

/** Each role and those whose routes it may use as well. */
const INCLUDES: Record<Role, readonly Role[]> = {
  admin: ['admin', 'operator', 'viewer'],
  operator: ['operator', 'viewer'],
  viewer: ['viewer'],
  tokens: ['tokens'],
};

/** Whether `role` may use a route that asks for `needed`. */
export function mayAct(role: Role, needed: Role): boolean {
  return INCLUDES[role].includes(needed);
}
