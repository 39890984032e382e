/** The headers that answers may have, as components of the description. */

const header = (description: string, schema: object = { type: 'string' }) => ({ description, schema });
const seconds = { type: 'integer', minimum: 0 };

export const responseHeaders = {
  'X-Request-Id': header('The request, as our log knows it: the id that you sent under this name, or a new one.'),
  RateLimit: header(
    'What is left: `"requests";r=<requests>;t=<seconds until all of them are there again>`. ' +
      'draft-ietf-httpapi-ratelimit-headers-11; absent where there is no limit.',
  ),
  'RateLimit-Policy': header(
    'What there is: `"requests";q=<requests>;w=<seconds>`. draft-ietf-httpapi-ratelimit-headers-11; absent where ' +
      'there is no limit.',
  ),
  'Retry-After': header('In so many seconds, not before, the same request may go well.', seconds),
  'Idempotency-Replayed': header(
    '`true`: the answer to an earlier request with the same Idempotency-Key. Nothing was done again.',
  ),
  Location: header('The path of what was made, or is being made.'),
  'WWW-Authenticate': header('`Bearer`: how a key is sent.'),
  Accept: header('The types of body that the address takes.'),
  'Accept-Encoding': header('The ways to pack a body that the address takes.'),
};
