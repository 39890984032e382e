import { followFeed, type Feed } from './feed.js';
import { createClient } from './generated/client/index.js';
import * as api from './generated/index.js';
import { Listing, type Page } from './listing.js';
import { newKey } from './new-key.js';
import { pause } from './pause.js';
import { followTakedown, type FollowTakedown } from './takedown-progress.js';
import { transport, type TransportOptions } from './transport.js';

export interface RetractOptions extends Partial<TransportOptions> {
  /** Where the api is, e.g. `https://retract.example.com`; what stands before `/v1` belongs to it. */
  baseUrl: string;
  /** `rk_…`. Null in a page of the api's own: the browser sends the session's cookie. */
  apiKey: string | null;
}

/** How one call is made. */
export interface Call {
  signal?: AbortSignal | undefined;
}
export interface KeyedCall extends Call {
  /** The same key and body count once. Made for the call, and kept when it is tried again, unless one is given. */
  idempotencyKey?: string | undefined;
}

type Query<Data extends { query?: unknown }> = NonNullable<Data['query']>;
type TakedownOptions = Omit<Query<api.TakedownsCreateData>, 'dry_run'>;
type Cursor = { cursor?: string };

const FIRST_LOOK_MS = 500;
const LONGEST_WAIT_BETWEEN_LOOKS_MS = 5_000;

/**
 * The api of Retract. Each group has the operations of the OpenAPI document, under their names there: `deletions.create` is
 * `deletionsCreate`. Refusals are thrown as RetractError, lost connections as RetractConnectionError.
 */
export class Retract {
  readonly #client;

  constructor({ baseUrl, apiKey, fetch = globalThis.fetch, timeoutMs = 30_000, retryForMs = 60_000 }: RetractOptions) {
    this.#client = createClient({
      baseUrl: baseUrl.replace(/\/+$/, ''),
      ...(apiKey !== null && { auth: apiKey }),
      fetch: transport({ fetch, timeoutMs, retryForMs }),
    });
  }

  readonly overview = {
    get: (call?: Call) => api.overviewGet(this.#plain(call)),
  };

  readonly deletions = {
    create: (body: api.CreateDeletion, call?: KeyedCall) => api.deletionsCreate({ ...this.#keyed(call), body }),
    list: (query: Query<api.DeletionsListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.deletionsList({ ...this.#plain(call), query: page })),
    get: (id: string, call?: Call) => api.deletionsGet({ ...this.#plain(call), path: { id } }),
    attempts: (id: string, call?: Call) => api.deletionsAttempts({ ...this.#plain(call), path: { id } }),
    cancel: (id: string, call?: Call) => api.deletionsCancel({ ...this.#plain(call), path: { id } }),
    retry: (id: string, query: Query<api.DeletionsRetryData> = {}, call?: Call) =>
      api.deletionsRetry({ ...this.#plain(call), path: { id }, query }),
    /** As text: JSON unless `format` asks for another. */
    proof: (id: string, query: Query<api.DeletionsProofData> = {}, call?: Call) =>
      this.#stream(api.deletionsProof({ ...this.#plain(call), path: { id }, query, parseAs: 'stream' })),
    /** The deletion once it has come to an end, however that came out. */
    wait: (id: string, call?: Call) => untilFinished(() => this.deletions.get(id, call), call),
  };

  readonly takedowns = {
    create: async (body: Omit<api.CreateTakedown, 'dry_run'>, call?: KeyedCall) =>
      (await api.takedownsCreate({ ...this.#keyed(call), body })) as api.Takedown,
    /** Changes nothing, and says what the takedown would do. */
    dryRun: async (body: Omit<api.CreateTakedown, 'dry_run'>, call?: Call) =>
      (await api.takedownsCreate({ ...this.#plain(call), body: { ...body, dry_run: true } })) as api.TakedownDryRun,
    /**
     * Of any number of items, which are sent as they come, or of a file of NDJSON or CSV, by its type. What is cut off is not tried
     * again, and nothing of it is carried out.
     */
    createFrom: async (items: Items<api.TakedownItem> | Blob, query: TakedownOptions = {}, call?: KeyedCall) =>
      (await api.takedownsCreate({
        ...this.#keyed(call, typeOf(items)),
        ...bodyOf(items, call),
        query,
      })) as api.Takedown,
    dryRunFrom: async (items: Items<api.TakedownItem> | Blob, query: TakedownOptions = {}, call?: Call) =>
      (await api.takedownsCreate({
        ...this.#plain(call),
        headers: typeOf(items),
        ...bodyOf(items, call),
        query: { ...query, dry_run: true },
      })) as api.TakedownDryRun,
    list: (query: Query<api.TakedownsListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.takedownsList({ ...this.#plain(call), query: page })),
    get: (id: string, call?: Call) => api.takedownsGet({ ...this.#plain(call), path: { id } }),
    listDeletions: (id: string, query: Query<api.TakedownsListDeletionsData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.takedownsListDeletions({ ...this.#plain(call), path: { id }, query: page })),
    listRejections: (id: string, query: Query<api.TakedownsListRejectionsData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.takedownsListRejections({ ...this.#plain(call), path: { id }, query: page })),
    cancel: (id: string, call?: Call) => api.takedownsCancel({ ...this.#plain(call), path: { id } }),
    /** NDJSON unless `format` asks for another. */
    proof: (id: string, query: Query<api.TakedownsProofData> = {}, call?: Call) =>
      this.#stream(api.takedownsProof({ ...this.#plain(call), path: { id }, query, parseAs: 'stream' })),
    /** What pasted lines are understood as: items for a takedown. Nothing is stored or looked up. */
    parse: (body: api.ParseTakedown, call?: Call) => api.takedownsParse({ ...this.#plain(call), body }),
    /** What becomes of it, as it happens, until it is finished. */
    follow: (id: string, options: FollowTakedown = {}) =>
      followTakedown(
        (last) => this.#stream(api.takedownsFollow({ ...this.#resumed(options, last), path: { id } })),
        options,
      ),
    /** The takedown once all its deletions have come to an end. */
    wait: (id: string, call?: Call) => untilFinished(() => this.takedowns.get(id, call), call),
  };

  readonly events = {
    list: (query: Query<api.EventsListData> = {}, call?: Call) => api.eventsList({ ...this.#plain(call), query }),
    /** What happened, and what happens from then on, without an end. */
    follow: (feed: Feed = {}) =>
      followFeed(
        {
          begin: (query) => this.events.list({ ...query, limit: 1 }, feed),
          follow: (query, last) => this.#stream(api.eventsFollow({ ...this.#resumed(feed, last), query })),
        },
        feed,
      ),
  };

  readonly merchants = {
    list: (query: Omit<Query<api.MerchantsListData>, 'format'> = {}, call?: Call) =>
      this.#listing(query, (page) => api.merchantsList({ ...this.#plain(call), query: page })),
    /** All of them as a CSV file, each with the link by which it can authorize again. */
    export: (query: Omit<Query<api.MerchantsListData>, 'format' | 'limit'> = {}, call?: Call) =>
      this.#stream(
        api.merchantsList({ ...this.#plain(call), query, headers: { Accept: 'text/csv' }, parseAs: 'stream' }),
      ),
    get: (appid: string, query: Query<api.MerchantsGetData> = {}, call?: Call) =>
      api.merchantsGet({ ...this.#plain(call), path: { appid }, query }),
    /** What happened to it, newest first. */
    listEvents: (appid: string, query: Query<api.MerchantsListEventsData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.merchantsListEvents({ ...this.#plain(call), path: { appid }, query: page })),
    update: (appid: string, body: api.UpdateMerchant, query: Query<api.MerchantsUpdateData> = {}, call?: Call) =>
      api.merchantsUpdate({ ...this.#plain(call), path: { appid }, query, body }),
    refresh: (appid: string, query: Query<api.MerchantsRefreshData> = {}, call?: Call) =>
      api.merchantsRefresh({ ...this.#plain(call), path: { appid }, query }),
    readQuota: (appid: string, query: Query<api.MerchantsReadQuotaData> = {}, call?: Call) =>
      api.merchantsReadQuota({ ...this.#plain(call), path: { appid }, query }),
    clearQuota: (appid: string, query: Query<api.MerchantsClearQuotaData> = {}, call?: Call) =>
      api.merchantsClearQuota({ ...this.#plain(call), path: { appid }, query }),
    accessToken: (appid: string, query: Query<api.MerchantsAccessTokenData> = {}, call?: Call) =>
      api.merchantsAccessToken({ ...this.#plain(call), path: { appid }, query }),
  };

  readonly massMessages = {
    list: (query: Query<api.MassMessagesListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.massMessagesList({ ...this.#plain(call), query: page })),
    import: (body: api.ImportMassMessages, call?: Call) => api.massMessagesImport({ ...this.#plain(call), body }),
    /**
     * Any number, sent as they come, or a file of NDJSON or CSV, by its type. What came in before it was cut off is kept; importing it
     * again does no harm.
     */
    importFrom: (items: Items<api.ImportedMassMessage> | Blob, call?: Call) =>
      api.massMessagesImport({ ...this.#plain(call), ...bodyOf(items, call), headers: typeOf(items) }),
  };

  readonly platforms = {
    register: (body: api.RegisterPlatform, call?: Call) => api.platformsRegister({ ...this.#plain(call), body }),
    list: (call?: Call) => api.platformsList(this.#plain(call)),
    get: (componentAppid: string, call?: Call) => api.platformsGet({ ...this.#plain(call), path: { componentAppid } }),
    update: (componentAppid: string, body: api.UpdatePlatform, call?: Call) =>
      api.platformsUpdate({ ...this.#plain(call), path: { componentAppid }, body }),
    delete: async (componentAppid: string, call?: Call): Promise<void> => {
      await api.platformsDelete({ ...this.#plain(call), path: { componentAppid } });
    },
    sync: (componentAppid: string, call?: Call) =>
      api.platformsSync({ ...this.#plain(call), path: { componentAppid } }),
    /** What keeps it from working, check by check. */
    examine: (componentAppid: string, call?: Call) =>
      api.platformsExamine({ ...this.#plain(call), path: { componentAppid } }),
  };

  readonly authorizationLinks = {
    issue: (body: api.IssueAuthorizationLink, call?: KeyedCall) =>
      api.authorizationLinksIssue({ ...this.#keyed(call), body }),
  };

  readonly me = {
    /** The key that asks. */
    get: (call?: Call) => api.meGet(this.#plain(call)),
  };

  readonly apiKeys = {
    create: (body: api.CreateApiKey, call?: Call) => api.apiKeysCreate({ ...this.#plain(call), body }),
    list: (query: Query<api.ApiKeysListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.apiKeysList({ ...this.#plain(call), query: page })),
    get: (id: string, call?: Call) => api.apiKeysGet({ ...this.#plain(call), path: { id } }),
    update: (id: string, body: api.UpdateApiKey, call?: Call) =>
      api.apiKeysUpdate({ ...this.#plain(call), path: { id }, body }),
    revoke: async (id: string, call?: Call): Promise<void> => {
      await api.apiKeysRevoke({ ...this.#plain(call), path: { id } });
    },
  };

  /** The own session. A browser keeps it as a cookie, and this client keeps none: it asks with its key. */
  readonly session = {
    signIn: (body: api.SignIn, call?: Call) => api.sessionSignIn({ ...this.#plain(call), body }),
    get: (call?: Call) => api.sessionGet(this.#plain(call)),
    signOut: async (call?: Call): Promise<void> => {
      await api.sessionSignOut(this.#plain(call));
    },
  };

  readonly sessions = {
    list: (query: Query<api.SessionsListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.sessionsList({ ...this.#plain(call), query: page })),
    end: async (id: string, call?: Call): Promise<void> => {
      await api.sessionsEnd({ ...this.#plain(call), path: { id } });
    },
  };

  readonly auditEvents = {
    list: (query: Query<api.AuditEventsListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.auditEventsList({ ...this.#plain(call), query: page })),
    /** Whether its newest rows are as they were written. */
    verify: (call?: Call) => api.auditEventsVerify(this.#plain(call)),
    /** All of it as a file, oldest first: NDJSON unless `format` asks for another. */
    export: (query: Query<api.AuditEventsExportData> = {}, call?: Call) =>
      this.#stream(api.auditEventsExport({ ...this.#plain(call), query, parseAs: 'stream' })),
  };

  readonly callbackEvents = {
    list: (query: Query<api.CallbackEventsListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.callbackEventsList({ ...this.#plain(call), query: page })),
  };

  readonly webhookEndpoints = {
    create: (body: api.CreateWebhookEndpoint, call?: Call) =>
      api.webhookEndpointsCreate({ ...this.#plain(call), body }),
    list: (query: Query<api.WebhookEndpointsListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.webhookEndpointsList({ ...this.#plain(call), query: page })),
    get: (id: string, call?: Call) => api.webhookEndpointsGet({ ...this.#plain(call), path: { id } }),
    update: (id: string, body: api.UpdateWebhookEndpoint, call?: Call) =>
      api.webhookEndpointsUpdate({ ...this.#plain(call), path: { id }, body }),
    delete: async (id: string, call?: Call): Promise<void> => {
      await api.webhookEndpointsDelete({ ...this.#plain(call), path: { id } });
    },
    rotateSecret: (id: string, body: api.RotateWebhookSecret = {}, call?: Call) =>
      api.webhookEndpointsRotateSecret({ ...this.#plain(call), path: { id }, body }),
    test: (id: string, call?: Call) => api.webhookEndpointsTest({ ...this.#plain(call), path: { id } }),
    listDeliveries: (id: string, query: Query<api.WebhookEndpointsListDeliveriesData> = {}, call?: Call) =>
      this.#listing(query, (page) =>
        api.webhookEndpointsListDeliveries({ ...this.#plain(call), path: { id }, query: page }),
      ),
    resend: (id: string, deliveryId: string, call?: Call) =>
      api.webhookEndpointsResend({ ...this.#plain(call), path: { id, deliveryId } }),
  };

  /** Those to all endpoints. */
  readonly webhookDeliveries = {
    list: (query: Query<api.WebhookDeliveriesListData> = {}, call?: Call) =>
      this.#listing(query, (page) => api.webhookDeliveriesList({ ...this.#plain(call), query: page })),
    /** Up to 5,000: while the answer has a `next_cursor`, there are more. */
    resend: (body: api.ResendWebhookDeliveries, call?: KeyedCall) =>
      api.webhookDeliveriesResend({ ...this.#keyed(call), body }),
  };

  readonly proofs = {
    /** Of all that ended in a period, as text: NDJSON unless `format` asks for another. */
    export: (query: Query<api.ProofsExportData>, call?: Call) =>
      this.#stream(api.proofsExport({ ...this.#plain(call), query, parseAs: 'stream' })),
  };

  /** The JSON Web Key Set of those that proofs are signed with. */
  readonly proofKeys = {
    get: (call?: Call) => api.proofKeysGet(this.#plain(call)),
  };

  #plain({ signal }: Call = {}) {
    return { client: this.#client, throwOnError: true as const, ...(signal && { signal }) };
  }

  #keyed({ signal, idempotencyKey = newKey() }: KeyedCall = {}, headers: Record<string, string> = {}) {
    return { ...this.#plain({ signal }), headers: { ...headers, 'Idempotency-Key': idempotencyKey } };
  }

  #resumed(call: Call, lastEventId: string | undefined) {
    const headers = lastEventId !== undefined && { headers: { 'Last-Event-ID': lastEventId } };
    return { ...this.#plain(call), ...headers, parseAs: 'stream' as const };
  }

  #listing<Item, Q extends Cursor>(query: Q, read: (query: Q) => Promise<Page<Item>>): Listing<Item> {
    return new Listing((cursor) => read(cursor === undefined ? query : { ...query, cursor }));
  }

  /** The generated code does not know that it hands out the stream. */
  async #stream(answer: Promise<unknown>): Promise<ReadableStream<Uint8Array>> {
    return (await answer) as ReadableStream<Uint8Array>;
  }
}

export type Items<Item> = Iterable<Item> | AsyncIterable<Item>;

const NDJSON = { 'Content-Type': 'application/x-ndjson' };

/** Windows takes a file of CSV for one of Excel's. */
const IS_CSV = /^(text\/csv|application\/vnd\.ms-excel)\b/i;
const typeOf = (items: Items<object> | Blob) =>
  items instanceof Blob && IS_CSV.test(items.type) ? { 'Content-Type': 'text/csv' } : NDJSON;

/** Browsers send a file from where it lies; a stream that a page makes they send over HTTP/2 only. */
const bodyOf = (items: Items<object> | Blob, call?: Call) =>
  items instanceof Blob ? { body: items as never, bodySerializer: null } : linesOf(items, call);

/** The generated types know of the JSON body only. */
function linesOf(items: Items<object>, { signal }: Call = {}) {
  async function* lines() {
    for await (const item of items) yield new TextEncoder().encode(`${JSON.stringify(item)}\n`);
  }
  const source = lines();
  // An error of the items ends the call as its signal does, with the error itself.
  const failing = new AbortController();
  // ReadableStream.from is not in every browser.
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      try {
        const { value, done } = await source.next();
        if (done) stream.close();
        else stream.enqueue(value);
      } catch (error) {
        failing.abort(error);
        throw error;
      }
    },
    async cancel() {
      await source.return(undefined);
    },
  });
  return {
    body: body as never,
    bodySerializer: null,
    duplex: 'half' as const,
    signal: signal ? AbortSignal.any([signal, failing.signal]) : failing.signal,
  };
}

async function untilFinished<T extends { finished_at: string | null }>(
  look: () => Promise<T>,
  call?: Call,
): Promise<T> {
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_WAIT_BETWEEN_LOOKS_MS)) {
    const seen = await look();
    if (seen.finished_at !== null) return seen;
    await pause(pauseMs, call?.signal);
  }
}
