/** Adds a value to a statement. @returns its placeholder, e.g. `$3` */
export type Bind = (value: unknown) => string;

/**
 * For a statement that is put together from parts: `bind` numbers the placeholders, and `parameters` goes beside the
 * text.
 * @param parameters those that the text names by number already
 */
export function statement(...parameters: unknown[]): { parameters: unknown[]; bind: Bind } {
  return { parameters, bind: (value) => `$${parameters.push(value)}` };
}
