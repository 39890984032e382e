import { changeDraft, type Selected } from './draft.js';

export type { Selected } from './draft.js';

/**
 * Puts what was picked on another page before the wizard, in place of what was picked before: `navigate({ to: '/take-down' })` then
 * shows it. What was pasted meanwhile stays beside it.
 */
export const keepSelection = (picked: readonly Selected[]): void =>
  changeDraft({ picked, source: 'picked', step: 'what' });
