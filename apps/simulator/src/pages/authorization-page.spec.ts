import { TestPlatform, type Json } from '../../../../test/simulator-platform.js';

describe('the authorization page', () => {
  let platform: TestPlatform;

  beforeEach(async () => {
    platform = await TestPlatform.start();
    await platform.logIn();
  });
  afterEach(() => platform.close());

  const newCode = async (): Promise<string> => (await platform.component('api_create_preauthcode')).pre_auth_code;

  async function link(change: Record<string, string> = {}, path = '/cgi-bin/componentloginpage'): Promise<URL> {
    const url = new URL(path, platform.simulator.url);
    url.search = new URLSearchParams({
      component_appid: platform.appid,
      pre_auth_code: await newCode(),
      redirect_uri: `${platform.url}/back?state=s%20t`,
      auth_type: '3',
      ...change,
    }).toString();
    return url;
  }

  const open = async (url: URL, referer: string | undefined = `${platform.url}/start`) => {
    const response = await fetch(url, referer === undefined ? {} : { headers: { referer } });
    return { type: response.headers.get('content-type'), text: await response.text() };
  };

  const submit = (url: URL, form: Record<string, string>, sets: string[] = ['1', '7']) =>
    fetch(`${platform.simulator.url}/cgi-bin/componentloginpage`, {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams([
        ...url.searchParams,
        ...Object.entries(form),
        ...sets.map((set): [string, string] => ['permission_sets', set]),
      ]),
    });

  /** What a browser does on a click on the button: sends the form as it stands. */
  function submitAsShown(page: string): Promise<Response> {
    const unescape = (text: string) =>
      text
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&');
    const attribute = (tag: string, name: string) => unescape(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
    const inputs = [...page.matchAll(/<input [^>]*>/g)]
      .map(([tag]) => tag)
      .filter((tag) => attribute(tag, 'type') === 'hidden' || / checked/.test(tag));
    const action = attribute(/<form [^>]*>/.exec(page)?.[0] ?? '', 'action');
    return fetch(new URL(action, platform.simulator.url), {
      method: 'POST',
      redirect: 'manual',
      body: new URLSearchParams(
        inputs.map((tag): [string, string] => [attribute(tag, 'name'), attribute(tag, 'value')]),
      ),
    });
  }

  it.each(['/cgi-bin/componentloginpage', '/wxaopen/safe/bindcomponent', '/safe/bindcomponent'])(
    'at %s leads an admin from a click to the redirect',
    async (path) => {
      const { appid } = await platform.control('POST', 'merchants', { nick_name: 'Tea house' });
      const url = await link({ action: 'bindcomponent', no_scan: '1' }, path);
      const { type, text } = await open(url);
      expect(type).toBe('text/html; charset=utf-8');
      expect(text).toContain('Tea house');
      expect(text).toContain('群发与通知');

      expect(text).toContain(`value="${appid}"`);
      const response = await submitAsShown(text);
      expect(response.status).toBe(302);
      const location = response.headers.get('location') ?? '';
      expect(location).toContain('/back?state=s%20t&auth_code=queryauthcode%40%40%40');
      const back = new URL(location).searchParams;
      expect(back.get('expires_in')).toBe('3600');
      const event = await platform.pushed('authorized');
      expect(event.fields['AuthorizationCode']).toBe(back.get('auth_code'));
      const { authorization_info: info } = await platform.component('api_query_auth', {
        authorization_code: back.get('auth_code'),
      });
      expect(info.func_info.map((one: Json) => one.funcscope_category.id)).toEqual([1, 2, 3, 6, 7, 11, 15]);
    },
  );

  it('opens by a click from the launch domain only', async () => {
    const url = await link();
    expect((await open(url, 'https://elsewhere.example/')).text).toContain('launch domain');
    const typed = await fetch(url);
    expect(await typed.text()).toContain('launch domain');
    await platform.control('PATCH', 'settings', { require_click: false });
    expect(await (await fetch(url)).text()).toContain('<form');
  });

  it.each([
    ['an unknown platform', { component_appid: 'wx0' }, 'no such platform'],
    ['an unknown pre-auth code', { pre_auth_code: 'preauthcode@@@x' }, 'pre_auth_code'],
    ['a redirect elsewhere', { redirect_uri: 'https://elsewhere.example/' }, 'redirect_uri'],
    ['a redirect that is no web address', { redirect_uri: 'javascript:alert(1)//127.0.0.1' }, 'redirect_uri'],
    ['an unknown auth_type', { auth_type: '9' }, 'auth_type'],
    ['an unknown account', { biz_appid: 'wx0' }, 'biz_appid'],
  ])('refuses %s, on opening and on submitting', async (_what, change, problem) => {
    const { appid } = await platform.control('POST', 'merchants', {});
    const url = await link(change);
    expect((await open(url)).text).toContain(problem);
    const response = await submit(url, { authorizer_appid: appid });
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(problem);
  });

  it('takes a pre-auth code once, and not after its time', async () => {
    const { appid } = await platform.control('POST', 'merchants', {});
    const url = await link();
    await submit(url, { authorizer_appid: appid });
    expect((await open(url)).text).toContain('pre_auth_code');
    const late = await link();
    await platform.control('POST', 'clock/advance', { ms: 1_800_000 });
    expect((await open(late)).text).toContain('pre_auth_code');
  });

  it('offers the kinds of account that auth_type names, or the one that biz_appid pins', async () => {
    await platform.control('POST', 'merchants', { nick_name: 'Official' });
    const { appid } = await platform.control('POST', 'merchants', { nick_name: 'Mini', kind: 'mini_program' });
    const shown = async (change: Record<string, string>) => {
      const { text } = await open(await link(change));
      return ['Official', 'Mini'].filter((name) => new RegExp(`>\\s*${name}\\s`).test(text));
    };
    expect(await shown({ auth_type: '1' })).toEqual(['Official']);
    expect(await shown({ auth_type: '2' })).toEqual(['Mini']);
    expect(await shown({ auth_type: '3' })).toEqual(['Official', 'Mini']);
    expect(await shown({ auth_type: '1', biz_appid: appid })).toEqual(['Mini']);
  });

  it('offers the sets of category_id_list, and grants no others', async () => {
    const { appid } = await platform.control('POST', 'merchants', {});
    const url = await link({ category_id_list: '1|7' });
    expect((await open(url)).text.match(/name="permission_sets"/g)).toHaveLength(2);
    await submit(url, { authorizer_appid: appid }, ['1', '11', '99']);
    const grant = await platform.control('GET', `platforms/${platform.appid}/authorizers/${appid}`);
    expect(grant.permission_sets).toEqual([1]);
  });

  it('is open to test accounts only, as long as the platform is not published', async () => {
    const stranger = await platform.control('POST', 'merchants', {});
    const tester = await platform.control('POST', 'merchants', {});
    await platform.control('PATCH', `platforms/${platform.appid}`, {
      is_published: false,
      test_accounts: [tester.appid],
    });
    const refused = await submit(await link(), { authorizer_appid: stranger.appid });
    expect(await refused.text()).toContain('61028');
    expect((await submit(await link(), { authorizer_appid: tester.appid })).status).toBe(302);
  });

  it('shows names and links as text, whatever they are', async () => {
    await platform.control('POST', 'merchants', { nick_name: '<img src=x onerror=alert(1)>' });
    const url = await link({ redirect_uri: `${platform.url}/"><script>alert(1)</script>` });
    const { text } = await open(url);
    expect(text).not.toMatch(/<img|<script/);
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt;');
  });
});
