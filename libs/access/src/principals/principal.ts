import type { Scope } from '@app/scope';
import type { Role } from './api-key.entity.js';

/** Who makes a request. */
export interface Principal {
  apiKeyId: string;
  role: Role;
  scope: Scope;
  /** Whose keys are counted together; null: the provider's, each of which counts for itself. */
  tenant: string | null;
  /** When its key ends; null: never. */
  expiresAt: Date | null;
}

/** Whose requests are counted together: those of a tenant's keys, or of one key of the provider. */
export const countedAs = ({ tenant, apiKeyId }: Pick<Principal, 'tenant' | 'apiKeyId'>): string => tenant ?? apiKeyId;
