/**
 * The start cannot go on: the server that a setting names is there, and cannot be worked with before somebody mends
 * that. The message names the setting, never its value.
 */
export class Unfit extends Error {
  readonly code = 'unfit';
  override readonly name = 'Unfit';

  constructor(
    readonly setting: string,
    /** What is wrong with the server, as the rest of a sentence that begins with the setting. */
    reason: string,
    options?: ErrorOptions,
  ) {
    super(`${setting} ${reason}`, options);
  }
}
