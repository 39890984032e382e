import type { Scope } from '@app/scope';
import type { Role } from './api-key.entity.js';

/** The key that makes a request, and what it may reach. */
export interface Principal {
  apiKeyId: string;
  role: Role;
  scope: Scope;
  /** The tenant whose keys are counted together; null: the provider's, each of which counts for itself. */
  tenant: string | null;
  /** The session that it came with instead of the key itself. */
  sessionId?: string;
  /** When its key ends, or its session before that; null: never. */
  expiresAt: Date | null;
}

/** The name under which requests are counted: that of a tenant, for all of its keys, or one key of the provider. */
export const countedAs = ({ tenant, apiKeyId }: Pick<Principal, 'tenant' | 'apiKeyId'>): string => tenant ?? apiKeyId;
