import type { z } from 'zod';

/** The start cannot go on. The message lists every problem, so that one more try is enough. */
export class SettingsInvalid extends Error {
  readonly code = 'settings_invalid';
  override readonly name = 'SettingsInvalid';

  constructor(readonly problems: string[]) {
    super(['The settings cannot be used:', ...problems.map((problem) => `  ${problem}`)].join('\n'));
  }
}

/**
 * Reads an app's settings once. An empty variable counts as absent, as in `KEY=` of an env file. Values are never
 * repeated in a problem: many are secrets.
 * @throws SettingsInvalid
 */
export function readSettings<Schema extends z.ZodObject>(
  schema: Schema,
  environment: NodeJS.ProcessEnv,
): Readonly<z.output<Schema>> {
  const given = Object.fromEntries(
    Object.keys(schema.shape).map((key) => [key, environment[key]?.trim() || undefined]),
  );
  const result = schema.safeParse(given);
  if (!result.success) {
    throw new SettingsInvalid(result.error.issues.map((issue) => `${issue.path.join('.')} ${messageOf(issue)}`));
  }
  return Object.freeze(result.data);
}

const messageOf = (issue: z.core.$ZodIssue) =>
  issue.code === 'invalid_type' && issue.message.includes('received undefined') ? 'is required' : issue.message;
