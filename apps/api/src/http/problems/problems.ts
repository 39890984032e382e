import { problemWords } from '@app/words';

/**
 * Every `code` that an answer may carry, with its HTTP status and what to do about it. Its title is in libs/words. Each
 * has a page at /docs/problems/{code}. A code that was released keeps its name and meaning.
 */
const problems = {
  invalid_request: [
    400,
    '`errors` names each field (or parameter, or header) that is missing, unknown, of the wrong type or out ' +
      'of bounds, as in `items[3].article_idx`. Correct them; the same request will be refused again.',
  ],
  malformed_body: [
    400,
    'It is not JSON, or not CSV, from the place on that the detail names, or it is shorter or longer than its ' +
      'Content-Length says. A field called `__proto__` is refused as well.',
  ],
  malformed_request: [
    400,
    'It is not HTTP/1.1, or its path is not UTF-8 in percent-encoding. Look at what stands between the client ' +
      'and this service, and whether it speaks HTTP to a port for HTTPS or the other way round.',
  ],
  body_not_utf8: [
    400,
    '`offset` counts the bytes before the first one that is wrong. Encode the body as UTF-8; Chinese text is ' +
      'often GBK by mistake.',
  ],
  body_too_deep: [
    400,
    'No request of this API needs more than 32 levels of objects and lists. Look for a loop in what writes the body.',
  ],
  body_beyond_limits: [
    413,
    'The detail says which limit it was: 5,000 values in a body (500,000 where NDJSON is taken, 1,000 in a ' +
      'line of it), 10,000 items in a list, 1,000 fields in an object, 65,536 characters in a text. Send less ' +
      'at once: several requests, or, where the description offers it, lines of NDJSON, of which there may be ' +
      'any number.',
  ],
  field_repeated: [
    400,
    'Readers of JSON differ in which of two equal fields counts, and a deletion cannot be undone: nothing is ' +
      'guessed. Send each field once.',
  ],
  unauthenticated: [
    401,
    'Send `Authorization: Bearer rk_…`, or sign in again if this is a browser; `WWW-Authenticate` has ' +
      '`error="invalid_token"` where a key came. The key may have been mistyped, revoked, or its time may be over; an ' +
      'admin sees which in `GET /v1/api-keys`.',
  ],
  forbidden: [
    403,
    'The detail names the role that is needed. Ask an admin for a key with that role; the role of a key never changes.',
  ],
  origin_refused: [
    403,
    'What changes something with the cookie of a session needs the `Origin` of the public address of this service, ' +
      'which browsers send by themselves from its pages. Open the page at that address; the detail names it. A ' +
      'program sends an API key instead of a cookie.',
  ],
  key_limited: [
    403,
    'The key is limited to platforms or merchants, and the request concerns others as well. Use a key without ' +
      'these limits.',
  ],
  not_found: [404, 'Compare the path with the API description at `/docs`.'],
  method_not_allowed: [
    405,
    'The `Allow` header of the answer lists the methods that it takes, and `/docs` says what each does.',
  ],
  request_timeout: [
    408,
    'Its head or its body did not arrive, or arrived too slowly. A body of NDJSON may take hours, but not ' +
      'fall silent for a minute. Nothing of a takedown was carried out that broke off so: send it again.',
  ],
  payload_too_large: [
    413,
    'Send less at once: several requests, or, where the description offers it, lines of NDJSON, which are ' +
      'read as they come.',
  ],
  unsupported_media_type: [
    415,
    'Send JSON with `Content-Type: application/json`, in UTF-8, or where the description offers it NDJSON as ' +
      '`application/x-ndjson`; packed with gzip, deflate or br if need be. The `Accept` and `Accept-Encoding` ' +
      'headers of the answer list what the address takes.',
  ],
  address_too_long: [
    414,
    'A part of the path is longer than any name or id is. Compare it with the API description at `/docs`.',
  ],
  head_too_large: [431, 'They may have 16 kB together. Look for a cookie or a header that grows on the way.'],
  too_many_failures: [
    429,
    'Requests from this address have tried many API keys that do not work; until the minute is over, keys ' +
      'from there that were not used before are not looked for. Correct the key, and wait as many seconds as ' +
      '`Retry-After` says. If all requests come through a proxy, the operators can name it in `TRUST_PROXY`.',
  ],
  rate_limited: [
    429,
    'Wait as many seconds as `Retry-After` says, then go on. Keys of one tenant are counted together. A key ' +
      'may also have only 20 streams of takedowns open at a time, and a tenant 50. The `RateLimit` header of ' +
      'every answer tells how many requests are left, and when all of them are there again.',
  ],

  requests_too_many: [
    429,
    'The detail says which, and how many there may be. Each got its turn for some seconds; send fewer at a ' +
      'time, above all of lists, exports, imports and dry runs, and this one again after `Retry-After`.',
  ],

  session_not_found: [
    404,
    'It may have ended, or the request came with an API key. `GET /v1/sessions` lists the sessions that work.',
  ],
  api_key_not_found: [404, 'Look for its id in `GET /v1/api-keys`.'],
  api_key_revoked: [409, 'That is for good: issue a new one with `POST /v1/api-keys`.'],
  limits_too_wide: [
    422,
    'A key with limits can issue keys within these limits only: name platforms and merchants of its own, or ' +
      'leave the limits out to give the new key the same ones.',
  ],
  api_keys_too_many: [
    409,
    'Revoke keys that are not needed; one that was revoked or has ended counts for a day more. The service’s ' +
      'operators set the number (`MAX_KEYS_PER_TENANT`), and can issue keys beyond it.',
  ],
  last_admin_key: [
    409,
    'This is the last working admin’s key without limits. Issue another one that does not end, then try again ' +
      'with that.',
  ],

  platform_not_found: [404, 'Check the component_appid; register the platform with `POST /v1/platforms`.'],
  platform_exists: [409, 'Change it with `PATCH /v1/platforms/{component_appid}`.'],
  platform_has_merchants: [
    409,
    'Only a platform that no account ever authorized can be deleted: deletions and their proofs stay for good.',
  ],
  platform_required: [409, 'Name the one that you mean as `component_appid`; the detail lists them.'],
  merchant_not_found: [
    404,
    'Check the appid. If the account has authorized the platform at WeChat, `POST ' +
      '/v1/platforms/{component_appid}/sync` finds it; otherwise its admin must follow an authorization link ' +
      '(`POST /v1/authorization-links`).',
  ],
  merchant_not_eligible: [
    409,
    '`reasons` says what is missing. Most are mended by the account’s admin, who authorizes again from the ' +
      'merchant’s `reauthorize_url`; `POST /v1/merchants/{appid}/refresh` reads the account anew after a change ' +
      'at WeChat. Where you know that WeChat’s facts lag behind (`not_verified`, `account_frozen`, ' +
      '`permission_set_7_not_granted`), `"try_anyway": true` has WeChat asked all the same.',
  ],
  unauthorized: [409, 'Send the account’s admin the merchant’s `reauthorize_url`.'],
  reauthorization_required: [
    409,
    'WeChat takes the refresh token no more, and its list of authorizers has no other. Send the account’s ' +
      'admin the merchant’s `reauthorize_url`.',
  ],
  ticket_missing: [
    503,
    'WeChat pushes a component_verify_ticket every ten minutes, and nothing works before the first. If none ' +
      'comes: is the authorization-event URL reachable from outside, and is it the one entered at WeChat?',
  ],
  token_unavailable: [
    503,
    'Minting failed a moment ago, or another process is at it. Try again in some seconds; the detail names ' +
      'what WeChat said.',
  ],
  authorization_state_forged: [
    400,
    'The `state` was not signed by this service for this platform. Start again from the authorization page.',
  ],
  authorization_state_expired: [400, 'Start again from the authorization page, and confirm within the time.'],
  authorization_state_used: [409, 'It works for one authorization. Start again from the authorization page.'],
  authorization_link_forged: [
    400,
    'It was not issued by this service for this platform, or a part of it is missing. Follow it as it was ' +
      'sent; its provider issues another with `POST /v1/authorization-links`.',
  ],
  authorization_link_expired: [
    400,
    'Ask whoever sent it for a new one: `POST /v1/authorization-links`, whose `expires_in` may be up to thirty days.',
  ],
  authorization_link_used: [
    409,
    'It was for one authorization. Ask whoever sent it for a new one; `"single_use": false` issues links for many.',
  ],
  authorization_link_of_another: [
    409,
    'Another account was authorized than the `merchant` that the link names. WeChat has that authorization ' +
      'and it is kept, but the merchant did not get the name of the link, which is good still: follow it again ' +
      'as an admin of the right account.',
  ],
  open_authorization_off: [
    403,
    'The operators have switched the open page off (`OPEN_AUTHORIZATION`). Ask the provider for a link: `POST ' +
      '/v1/authorization-links`, or a merchant’s `reauthorize_url`.',
  ],
  examined_too_soon: [
    429,
    'Each time costs calls at WeChat, which gives a platform so many a day: it is done once a minute. Wait as many ' +
      'seconds as `Retry-After` says.',
  ],
  sync_too_soon: [
    429,
    'Each comparison takes calls of the few that WeChat gives the platform for a day, so a key with limits has it ' +
      'done once a minute for each platform. Wait as many seconds as `Retry-After` says.',
  ],
  too_many_authorizations: [
    429,
    'Each one takes a call of the few that WeChat gives the platform for a day, so an address, a link and the ' +
      'open page of a platform may each begin only so many. Wait as many seconds as `Retry-After` says, or ' +
      'follow a link of your own from `POST /v1/authorization-links`. Operators raise ' +
      '`OPEN_AUTHORIZATIONS_PER_HOUR`.',
  ],
  return_url_not_allowed: [
    422,
    '`return_url` has to be https, without a user name, and of an origin that the operators list in ' +
      '`RETURN_ORIGINS`, or below one of the `return_urls` of the platform, which an admin sets; without either there ' +
      'is none.',
  ],
  push_refused: [
    403,
    'Only WeChat calls this address. If WeChat’s own pushes are refused, the platform’s token or ' +
      'encoding_aes_key here differs from what is entered at WeChat; the detail names the reason. `too_old` and ' +
      '`too_new` tell of a push whose signed time is more than `PUSH_MAX_AGE_S` from this machine’s: is its ' +
      'clock right?',
  ],
  authorization_code_refused: [
    409,
    'Codes are good once and for a short time. Start again from the authorization page.',
  ],

  target_missing: [422, 'Give a `msg_id` or a `url`.'],
  msg_id_invalid: [422, 'A msg_id is a whole number from 1 to 2⁶³ − 1, best sent as a string.'],
  msg_id_unsafe_number: [
    422,
    'JSON numbers above 2⁵³ − 1 are rounded on the way, which would name another message. Send the msg_id as a string.',
  ],
  article_idx_needs_msg_id: [
    422,
    'A `url` names its article by itself: leave `article_idx` out, or give the `msg_id` instead.',
  ],
  whole_message_not_confirmed: [
    422,
    'Name the article by `article_idx` (1 is the first), or, if every article of the message shall go, say ' +
      '`"whole_message": true`.',
  ],
  whole_message_contradicts_article_idx: [
    422,
    'The request names one article and asks for the whole message. Leave one of them out.',
  ],
  whole_message_needs_msg_id: [422, 'A `url` names one article of a message. Give the `msg_id`.'],
  url_not_an_article: [
    422,
    'It must be the link of exactly one article on mp.weixin.qq.com, without a port or a user, and nothing ' +
      'else: a short one (`/s/…`), or a long one with `__biz`, `mid`, `idx` and `sn`. Quotes, blanks and stops ' +
      'around it do no harm, nor does `&amp;`; a title beside it does, and so does a link that was cut.',
  ],
  deletion_not_found: [
    404,
    'Look for its id in `GET /v1/deletions`. Those that ended more than `DELETIONS_RETENTION_DAYS` ago are not kept.',
  ],
  deletion_state_conflict: [
    409,
    'A deletion can be cancelled until it is dispatched, and retried once it has failed and no other one of ' +
      'the same target is open or has succeeded. The detail names its state.',
  ],
  not_yours: [
    403,
    'A key with limits cancels and retries what a key with the same limits, or narrower ones, has asked for, ' +
      'and nobody beyond them as well. To have the same deleted anyway, ask with `POST /v1/deletions`; to stop ' +
      'it, use a key without limits.',
  ],
  limits_not_yours: [
    403,
    'A key with limits lowers a merchant’s `rate_per_minute` and `daily_limit`. It does not raise them, and ' +
      'what a key without limits has set it leaves as it is. The detail names the limit; a key without limits ' +
      'may change it.',
  ],
  ref_not_yours: [
    403,
    'A key with limits gives a merchant a `ref` where it has none, and changes one that a key with the same limits, or narrower ones, has given. The name of this merchant was given beyond them: a key without limits may change it.',
  ],
  pending_too_many: [
    409,
    '`ceiling` says which number was reached: `merchant` (open deletions of this merchant that the key’s ' +
      'tenant has asked for), `tenant` (of all its keys together) or `key`; `limit` is that number. Wait until ' +
      'some have come to their end, or cancel what is not needed. Other tenants, and the provider’s keys, have ' +
      'their own. Of a takedown, the lines that still fit are accepted.',
  ],
  eta_too_late: [
    409,
    'So many are before it in the merchant’s lane that it would leave only at `eta`, which is after `latest`. ' +
      'Raise the account’s quota, cancel what is not needed, make it urgent, or say `"allow_late": true` if it ' +
      'shall wait so long.',
  ],
  period_not_over: [
    409,
    'What ended in the last five minutes may not all be written down yet, and an export without it would look whole. ' +
      '`settled_until` is the latest moment at which a period may end now. If it stays behind for long, a transaction is open ' +
      'in the database, such as that of a backup: a period that ended before it began can be exported all the while.',
  ],
  period_not_kept: [
    409,
    'Deletions that ended more than `DELETIONS_RETENTION_DAYS` ago are not kept, and an export without them would look whole. ' +
      '`kept_since` is the earliest moment at which a period may begin.',
  ],
  takedown_not_found: [
    404,
    'Look for its id in `GET /v1/takedowns`. Those that finished more than `DELETIONS_RETENTION_DAYS` ago are not kept.',
  ],
  takedown_state_conflict: [
    409,
    'A takedown can be cancelled until its last deletion has come to an end. What was deleted cannot be brought back.',
  ],
  takedown_broken_off: [
    409,
    'It was cancelled, or nothing was heard of its upload for five minutes. Nothing of it was carried out: ' +
      'send it again.',
  ],
  nothing_accepted: [
    422,
    'Nothing was changed. `errors` says for each item, by its line or its place in the list, why not. It is empty ' +
      'where there was none: no message has the label, or the body has no lines.',
  ],
  url_not_resolved: [
    422,
    'The inventory does not have it, and its address does not tell. Give the merchant beside the url, in ' +
      '`items`. An import of the message with `POST /v1/mass-messages` makes it one by its msg_id, and does not ' +
      'tell whose it is. What keys with other limits imported does not count. A short link (`/s/…`) names no ' +
      'account: open it in a browser, and paste the long address if one shows there.',
  ],
  url_ambiguous: [
    422,
    'The inventory has this address for several merchants and nothing says which of them it belongs to, or ' +
      'imports alone tell whose it is, which may be mistaken. The detail names them: give the right one beside ' +
      'the url, in `items`.',
  ],
  url_of_another_merchant: [
    422,
    'The `__biz` in an article’s address names its account, and it is not that of the merchant in the ' +
      'request; or WeChat told that another merchant sent it. Look whether merchant and address belong ' +
      'together.',
  ],
  message_not_sent: [
    422,
    'WeChat said that the mass message failed, so there is nothing to take back and no call was spent on it. ' +
      'If that is not so, say `"again": true`.',
  ],
  article_not_in_message: [
    422,
    'The inventory knows the articles of this message, and there is none with this number: the call would be ' +
      'spent on nothing. Count from 1. If the inventory is wrong, say `"again": true`.',
  ],
  shared_material: [
    409,
    'Their pages would be gone, too, and the request says `"if_shared": "refuse"`. `sends` names them; leave ' +
      'the option out to delete all the same.',
  ],
  line_too_long: [
    422,
    'A line of NDJSON or CSV has at most 64 kB. Is there a line feed after each item, and is every quote closed?',
  ],
  quota_clears_spent: [
    409,
    'WeChat lets an account’s counters be cleared ten times a month, by whichever way. What waits goes on ' +
      'after the next 00:00 in Shanghai; `quota.resets_at` and `eta` of the merchant tell when.',
  ],
  idempotency_key_reused: [
    422,
    'The key came with another method, path or body within the last 24 hours. Use a new key for a new ' +
      'request, and the same body for the same key.',
  ],
  idempotency_key_in_use: [
    409,
    'Ask again with the same key in a moment: the answer will be that of the first request.',
  ],

  feed_cursor_invalid: [400, 'Cursors are opaque: take `next_cursor` of the page before, or begin without one.'],
  feed_cursor_expired: [
    410,
    'Events are kept for `EVENTS_RETENTION_DAYS`, 30 unless the operators say otherwise, and the reader was away for ' +
      'longer. Begin without a cursor for all that is kept, or with `latest` for what comes from now on, and read anew ' +
      'what you keep of deletions, takedowns and merchants: what happened between is in their lists.',
  ],
  webhook_endpoint_not_found: [404, 'Look for its id in `GET /v1/webhook-endpoints`.'],
  webhook_endpoint_disabled: [409, 'Enable it first: a disabled endpoint is sent nothing.'],
  webhook_endpoints_too_many: [
    409,
    'Within the limits of the key there are 50. Delete one that is not needed with `DELETE ' +
      '/v1/webhook-endpoints/{id}`, or let one endpoint hear of more.',
  ],
  webhook_delivery_not_found: [404, 'Look for its id among the deliveries of its endpoint; old ones are forgotten.'],
  webhook_address_private: [422, 'Webhooks go to public addresses only, unless the operators allow private ones.'],

  upstream_failed: [
    502,
    '`upstream` has the operation and what WeChat said: errcode, errmsg and rid, for a search in WeChat’s ' +
      'documents or a question to its support.',
  ],
  queue_unavailable: [503, 'What was accepted is safe in the database. Try again in some seconds.'],
  queue_full: [
    503,
    'Its Redis has reached `maxmemory`, or its disk is full. What was accepted is safe in the database and ' +
      'goes on once there is room. Try again after `Retry-After`; the operators have to give it more.',
  ],
  queue_read_only: [
    503,
    'Its server is a replica, or cannot write its disk. What was accepted is safe in the database. Try again ' +
      'after `Retry-After`.',
  ],
  queue_refused: [
    503,
    'Its server refuses the user, the password or a command, or is not the node of a cluster that has its ' +
      'keys. What was accepted is safe in the database. The operators have to correct `QUEUE_URL` or the rights ' +
      'of its user.',
  ],
  database_unavailable: [
    503,
    'It is restarting, or cannot be reached. Nothing of this request was begun that would not be finished or ' +
      'undone. Send it again after `Retry-After`; with an `Idempotency-Key` it counts once.',
  ],
  database_busy: [503, 'There is more to do than there are connections. Send the request again after `Retry-After`.'],
  database_full: [
    503,
    'Nothing can be written, and nothing that was accepted is lost. Send the request again after ' +
      '`Retry-After`; the operators have to make room.',
  ],
  database_read_only: [503, 'It is a standby, or was made read-only. Send the request again after `Retry-After`.'],
  database_out_of_memory: [
    503,
    'Send the request again after `Retry-After`; if it persists, the operators have to give the database more.',
  ],
  not_ready: [
    503,
    '`parts` says which part is short of what: `code` is the one that requests get which need it. It gets ' +
      'ready again by itself.',
  ],
  internal_error: [
    500,
    'It is our fault. Try again; if it persists, tell the operators the `request_id`, under which the log has ' +
      'the cause.',
  ],
} as const satisfies Record<string, readonly [status: number, advice: string]>;

export type ProblemCode = keyof typeof problems;

export const problemCodes = Object.keys(problems) as ProblemCode[];

export const isProblemCode = (code: string): code is ProblemCode => Object.hasOwn(problems, code);

export interface ProblemDescription {
  status: number;
  title: string;
  /** Text, with code between backticks. */
  advice: string;
}

export function describeProblem(code: ProblemCode): ProblemDescription {
  const [status, advice] = problems[code];
  return { status, title: problemWords[code].title.en, advice };
}
