/** What opens the page: text in Markdown, for people who read the API for the first time. */
export const INTRODUCTION = `
Retract takes back WeChat mass messages (群发) on behalf of the merchants who authorized a third-party platform.

A **deletion** takes back one article, or one whole message, of one merchant. A **takedown** is many deletions from one
decision. Nothing that was deleted can be brought back, and WeChat lets an account delete only a few times a day: so
nothing is guessed, and what is not said clearly is refused.

## Keys

Send an API key with every request: \`Authorization: Bearer rk_…\`. A key has one role. \`admin\` may do what \`operator\`
may, and \`operator\` what \`viewer\` may; \`tokens\` may only borrow access tokens. Each operation below names the role
that it needs.

A browser may have a session in the place of a key (\`POST /v1/session\`): a cookie that does what the key may do, and
changes nothing for a page of another origin.

A key may be limited to platforms or merchants. What is beyond its limits is as if it were not there: the answer is 404.

## Requests

Bodies are JSON in UTF-8, with names in snake_case. A field that is not described here is refused, and so is a field
that is there twice. A \`msg_id\` has more digits than many languages keep in a number: send and keep it as a string.
Moments are ISO 8601.

## Idempotency

A request may be sent again when its answer was lost. For operations that take an \`Idempotency-Key\`, send the same key
with the same body: the work is done once, and the answer is the first one, for 24 hours, marked with
\`Idempotency-Replayed: true\`. The same key with another body
is refused (\`idempotency_key_reused\`). While the first request still runs, a repeat is refused as well
(\`idempotency_key_in_use\`): ask again in a moment.

## Lists

A list answers \`{ "data": […], "next_cursor": "…" }\`, newest first unless told otherwise. Send \`next_cursor\` as
\`cursor\` for the next page; it is null on the last one. Cursors are opaque. \`limit\` is the size of a page.

## Errors

Whatever fails is answered with a problem document (RFC 9457, \`application/problem+json\`). Its \`code\` is stable:
decide by it, not by \`title\` or \`detail\`. [Every code has a page](docs/problems) that says what to do. Each operation
lists the codes that it may answer with. \`request_id\` (also the header \`X-Request-Id\`) is the id to tell the operators;
\`trace_id\` is that of the trace, where the deployment keeps traces.

Codes of status 503 tell of something that is short at the moment. Send the same request again after \`Retry-After\`.

## Quota

WeChat lets each account call so many times a day (Beijing time), and so fast. A deletion waits in the lane of its merchant
until it may be sent: \`waiting_for\` and \`waiting_until\` of the deletion say for what and until when, and \`eta\` when it
will leave the lane. A part of each day's calls is kept for what is \`urgent\`.

## Rate

Requests are counted by key, or for all keys of a tenant together, each minute. Every answer tells what is left:

    RateLimit-Policy: "requests";q=600;w=60
    RateLimit: "requests";r=599;t=58

These are the fields of draft-ietf-httpapi-ratelimit-headers-11: \`q\` requests in \`w\` seconds, of which \`r\` are left,
and all are there again in \`t\` seconds. Beyond them the answer is 429 with \`Retry-After\`.

## Webhooks

What happens is sent to your endpoints, signed as [Standard Webhooks](https://www.standardwebhooks.com) has it, and can
be read as a list with \`GET /v1/events\`. Each type of event is described under Webhooks at the end of this page.
`.trim();

/** In this order on the page. */
export const TAGS = {
  overview: 'Whether all is well, and what somebody has to see to.',
  deletions: 'Take back one article or one message, and follow what becomes of it.',
  takedowns: 'Take back many at once: with a dry run, time to undo, progress and proof.',
  merchants: 'The accounts that authorized a platform: whether they can be served, their limits and their quota.',
  'mass messages': 'The inventory: what merchants have sent, told by WeChat or imported.',
  'authorization links': 'Links by which a merchant’s admin authorizes a platform.',
  events: 'What happened, in order, to be read on from a cursor.',
  webhooks: 'Your endpoints to which events are sent.',
  'proof keys': 'The public keys that exported proofs are signed with.',
  sessions: 'Browsers that are signed in with a key.',
  platforms: 'The third-party platforms that this deployment serves.',
  'callback events': 'What WeChat has pushed, and where it was forwarded to.',
  'API keys': 'Who may use this API.',
  audit: 'Who did what, in a log that cannot be changed unseen.',
};
