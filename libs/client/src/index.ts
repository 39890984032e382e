export { RetractConnectionError, RetractError, type ErrorCode } from './errors.js';
export type { Feed } from './feed.js';
export type * from './generated/types.gen.js';
export { Listing, type Page } from './listing.js';
export { newKey } from './new-key.js';
export { Retract, type Call, type Items, type KeyedCall, type RetractOptions } from './retract.js';
export type { FollowTakedown, TakedownProgress } from './takedown-progress.js';
export { WebhookReceiver, WebhookRefused, type WebhookEvent, type WebhookHeaders } from './webhooks.js';
