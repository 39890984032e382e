import { RetractError, type Deletion, type Retract, type Takedown } from '@app/client';
import { UsageError } from '../terminal/exit-codes.js';

/** What an id is of: people copy both from the same screens. */
export type Subject = { takedown: Takedown } | { deletion: Deletion };

/** @throws RetractError `takedown_not_found` where it is neither */
export async function subjectOf(client: Retract, id: string): Promise<Subject> {
  if (!/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(id)) {
    throw new UsageError(
      `"${id}" is no id of a takedown or a deletion: they look like 019ac5d2-7c1f-7000-8000-000000000000.`,
    );
  }
  try {
    return { takedown: await client.takedowns.get(id) };
  } catch (error) {
    if (!(error instanceof RetractError) || !error.is('takedown_not_found')) throw error;
    const deletion = await client.deletions.get(id).catch((second: unknown) => {
      throw second instanceof RetractError && second.is('deletion_not_found') ? error : second;
    });
    return { deletion };
  }
}
