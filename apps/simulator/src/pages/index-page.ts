import type { Simulation } from '../simulation/simulation.js';
import type { MassMessage, Merchant, Platform } from '../state/world.js';
import { html, page, type Html } from './html.js';

const SHOWN = 20;
const SHOWN_PUSHES = 10;

/** One call of the control API, which a click makes. */
interface Action {
  label: string;
  method: 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** Below `/_control/`. */
  path: string;
  body?: object;
}

/** A call that is shown in the log. */
export interface ShownCall {
  operation: string;
  account: string;
  answer: string;
  fault: string;
  latencyMs: number;
}

/**
 * The simulator's page for people: what there is, what one may do to it by a click, and the last calls and pushes. The
 * script beside it makes the clicks and keeps the page up to date.
 */
export function indexPage(simulation: Simulation, calls: ShownCall[], words = ''): string {
  const { world, timeline, callLog, faults } = simulation;
  const all = [...world.merchants.values()];
  const merchants = all.filter(({ appid, nickName }) => `${nickName} ${appid}`.includes(words));
  const clock = timeline.offsetMs === 0 ? '' : ` (clock moved by ${timeline.offsetMs} ms)`;
  return page(
    'WeChat simulator',
    html`<h1>WeChat simulator</h1>
      <p class="small">
        <a href="/_control/docs">Control API</a> · <a href="/_control/stats">Counters</a> · <a href="#calls">Calls</a> ·
        <a href="#pushes">Pushes</a> · <a href="#accounts">Accounts</a> ·
        <span id="live-state" role="status">live</span>
      </p>
      <form>
        <input
          name="q"
          value="${words}"
          aria-label="Account"
          placeholder="Account: a part of its name or appid"
        /><button>Find</button>
      </form>
      <div id="live">
        <p class="small">${new Date(timeline.now()).toISOString()}${clock}</p>
        <h2>Bad times</h2>
        <p>Faults that wait for the next calls: ${faults.list().length}</p>
        <p>${clicks(badTimes)}</p>
        <h2>Platforms</h2>
        ${[...world.platforms.values()].map(platformCard)}
        <h2 id="calls">Last calls (${callLog.total})</h2>
        ${table(
          ['operation', 'account', 'answer', 'fault', 'ms'],
          calls.map(({ operation, account, answer, fault, latencyMs }) => [
            operation,
            account,
            answer,
            fault,
            latencyMs.toFixed(1),
          ]),
        )}
        <h2 id="pushes">Last pushes</h2>
        ${table(
          ['kind', 'account', 'state', 'answers'],
          simulation.pusher
            .list()
            .slice(-SHOWN_PUSHES)
            .reverse()
            .map(({ kind, authorizerAppid, state, attempts }) => [
              kind,
              authorizerAppid ?? '',
              state,
              attempts.map(({ verdict }) => verdict).join(', '),
            ]),
        )}
        <h2 id="accounts">${accountsTitle(all.length, merchants.length)}</h2>
        ${merchants.slice(0, SHOWN).map((merchant) => merchantCard(simulation, merchant))}
      </div>
      <script src="/_control/page.js"></script>`,
  );
}

function accountsTitle(all: number, found: number): string {
  const shown = found > SHOWN ? `, the first ${SHOWN}` : '';
  return found === all ? `Accounts (${all}${shown})` : `Accounts (${found} of ${all}${shown})`;
}

const refusal = (label: string, fault: object): Action => ({ label, method: 'POST', path: 'faults', body: fault });

const badTimes: Action[] = [
  refusal('Refuse the next deletion (-1)', { operation: 'mass/delete', outcome: 'errcode', errcode: -1 }),
  refusal('Lose the answer of the next deletion', { operation: 'mass/delete', outcome: 'reset', takes_effect: true }),
  refusal('Let the next call hang', { outcome: 'timeout' }),
  refusal('Refuse this machine’s address ten times (61004)', { outcome: 'errcode', errcode: 61004, times: 10 }),
  { label: 'Good times again', method: 'DELETE', path: 'faults' },
];

function platformCard(platform: Platform): Html {
  const { componentAppid, eventsUrl } = platform;
  const authorizers = [...platform.grants.values()].filter(({ isActive }) => isActive).length;
  const path = `platforms/${componentAppid}`;
  return html`<section class="card">
    <h3><code>${componentAppid}</code></h3>
    <p>
      Accounts that have authorized it: ${authorizers} · ticket ${platform.isTicketPushed ? 'pushed' : 'not pushed'} ·
      events go to ${eventsUrl ?? 'no address'}
    </p>
    <p>
      ${clicks([
        { label: 'Push the ticket', method: 'POST', path: `${path}/ticket` },
        { label: 'Void its tokens', method: 'POST', path: `${path}/tokens`, body: { action: 'lose_tokens' } },
      ])}
    </p>
  </section>`;
}

function merchantCard(simulation: Simulation, merchant: Merchant): Html {
  const { appid, nickName, counters, messages } = merchant;
  const { used, dailyLimit } = simulation.quotas.usage(counters, 'mass/delete', simulation.timeline.now());
  const grants = [...simulation.world.platforms.values()].flatMap((platform) => {
    const grant = platform.grants.get(appid);
    return grant?.isActive ? [grant] : [];
  });
  const last = [...messages.values()].at(-1);
  const path = `merchants/${appid}`;
  return html`<section class="card">
    <h3>${nickName} <code>${appid}</code></h3>
    <p>Deletions used today: ${used} of ${dailyLimit} · messages: ${messages.size}</p>
    ${last ? lastMessage(simulation, merchant, last) : html``}
    <p>
      ${clicks([
        {
          label: 'Send a message',
          method: 'POST',
          path: `${path}/mass-messages`,
          body: { articles: [{ title: '今日特价' }, { title: '门店地址' }] },
        },
        { label: 'Spend the quota', method: 'PATCH', path: `${path}/quotas`, body: spent(dailyLimit) },
        { label: 'Give it back', method: 'PATCH', path: `${path}/quotas`, body: spent(0) },
        ...grants.flatMap(({ platform, permissionSets }) => {
          const consent = { component_appid: platform.componentAppid, authorizer_appid: appid };
          const without7 = permissionSets.filter((set) => set !== 7);
          const has7 = permissionSets.includes(7);
          return [
            {
              label: has7 ? 'Take set 7 away' : 'Grant set 7',
              method: 'POST' as const,
              path: 'consents',
              body: { ...consent, permission_sets: has7 ? without7 : [...permissionSets, 7] },
            },
            {
              label: 'Take the authorization back',
              method: 'POST' as const,
              path: `platforms/${platform.componentAppid}/authorizers/${appid}/deauthorize`,
            },
          ];
        }),
      ])}
    </p>
  </section>`;
}

const spent = (used: number) => ({ 'mass/delete': { used } });

function lastMessage(simulation: Simulation, merchant: Merchant, { msgId, material }: MassMessage): Html {
  const articles = material?.articles.map(({ title, isDeleted }, index) => {
    const address = new URL(simulation.massMessages.articleUrl(merchant, material, index + 1));
    return html`<li>
      <a href="${address.pathname + address.search}">${title}</a>${isDeleted ? html` <b>deleted</b>` : html``}
    </li>`;
  });
  return html`<p class="small">Last message <code>${String(msgId)}</code></p>
    <ol>
      ${articles ?? []}
    </ol>`;
}

const clicks = (actions: Action[]): Html[] =>
  actions.map(
    ({ label, method, path, body }) =>
      html`<button
        type="button"
        data-method="${method}"
        data-path="${path}"
        data-body="${body === undefined ? '' : JSON.stringify(body)}"
      >
        ${label}
      </button> `,
  );

function table(names: string[], rows: (string | number)[][]): Html {
  return html`<div class="wide">
    <table>
      <tr>
        ${names.map((name) => html`<th>${name}</th>`)}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </table>
  </div>`;
}

/** Runs in the browser: a click is a call of the control API, and the page is read anew every two seconds. */
export const INDEX_SCRIPT = `
const live = document.getElementById('live');
const state = document.getElementById('live-state');
async function refresh() {
  try {
    const text = await (await fetch('/_control' + location.search)).text();
    const fresh = new DOMParser().parseFromString(text, 'text/html').getElementById('live');
    const focused = document.activeElement?.dataset?.path ? document.activeElement.dataset : undefined;
    const key = focused && { ...focused };
    if (fresh && fresh.innerHTML !== live.innerHTML) live.innerHTML = fresh.innerHTML;
    if (key) [...live.querySelectorAll('button')].find((button) =>
      button.dataset.path === key.path && button.dataset.body === key.body)?.focus();
    state.textContent = 'live';
  } catch {
    state.textContent = 'the simulator does not answer';
  }
}
document.addEventListener('click', async ({ target }) => {
  const { method, path, body } = target.closest('button[data-path]')?.dataset ?? {};
  if (!path) return;
  const answer = await fetch('/_control/' + path, {
    method, ...(body && { body, headers: { 'content-type': 'application/json' } }),
  });
  if (!answer.ok) state.textContent = (await answer.json()).message ?? answer.statusText;
  await refresh();
});
setInterval(refresh, 2000);
`;
