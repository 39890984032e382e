import { TestPlatform, type Json } from '../../../../test/simulator-platform.js';

describe('the release check', () => {
  let platform: TestPlatform;
  afterEach(() => platform.close());

  const check = (answerMs = 5000): Promise<Json> =>
    platform.control('POST', 'release-check', { component_appid: platform.appid, answer_ms: answerMs });
  const results = (report: Json, name: string): string[] =>
    report.cases.filter((one: Json) => one.case === name).map((one: Json) => one.result);
  const times = (count: number, result: string) => Array.from({ length: count }, () => result);

  it('passes a platform that does what is asked, for all five groups', async () => {
    platform = await TestPlatform.start({}, { permission_sets: [1, 7, 19] });
    await platform.logIn();
    const report = await check();
    expect(report.cases.filter((one: Json) => one.result === 'failed')).toEqual([]);
    expect(report).toMatchObject({ component_appid: platform.appid, passed: true });
    expect(results(report, 'ticket')).toEqual(['passed']);
    for (const name of ['authorized', 'text', 'query_auth_code', 'unauthorized']) {
      expect(results(report, name)).toEqual(times(10, 'passed'));
    }
    expect(results(report, 'location').sort()).toEqual([...times(5, 'passed'), ...times(5, 'skipped')]);
    expect(new Set(report.cases.map((one: Json) => one.group))).toEqual(new Set([null, 1, 2, 3, 4, 5]));
    expect((await platform.control('GET', 'merchants')).total_count).toBe(0);
  });

  it('skips messages for a platform that asks for neither set 1 nor customer service', async () => {
    platform = await TestPlatform.start({}, { permission_sets: [7] });
    await platform.logIn();
    const report = await check();
    expect(report.passed).toBe(true);
    expect(results(report, 'text')).toEqual(times(10, 'skipped'));
    expect(results(report, 'authorized')).toEqual(times(10, 'passed'));
  });

  it('fails what answers wrongly, and says how', async () => {
    platform = await TestPlatform.start({}, { permission_sets: [1] });
    await platform.logIn();
    platform.answer = ({ fields }) => {
      if (fields['Content'] === 'TESTCOMPONENT_MSG_TYPE_TEXT') return 'success';
      if (fields['MsgType'] === 'text') return '';
      if (fields['Event'] === 'LOCATION') return { status: 500 };
      return fields['InfoType'] === 'unauthorized' ? 'ok' : undefined;
    };
    const report = await check(100);
    expect(report.passed).toBe(false);
    const details = Object.fromEntries(
      report.cases
        .filter((one: Json) => one.result === 'failed')
        .map((one: Json): [string, string] => [one.case, one.detail]),
    );
    expect(details).toEqual({
      text: 'expected an encrypted reply, got no_reply',
      query_auth_code: 'no message/custom/send with `<code>_from_api` came',
      location: 'expected an encrypted reply, got http_500',
      unauthorized: 'not_success',
    });
    expect(results(report, 'authorized')).toEqual(times(10, 'passed'));
  });
});
