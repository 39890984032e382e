import fc from 'fast-check';
import { scrub } from './scrub.js';

const secret = 'S3cr3t-value_0123456789';

describe('scrub', () => {
  it.each([
    [`ticket@@@${secret} arrived`, 'ticket@@@[REDACTED] arrived'],
    [`preauthcode@@@${secret}`, 'preauthcode@@@[REDACTED]'],
    [`code queryauthcode@@@${secret}, twice`, 'code queryauthcode@@@[REDACTED] twice'],
    [`<Ticket><![CDATA[refreshtoken@@@${secret}</Ticket>`, '<Ticket><![CDATA[refreshtoken@@@[REDACTED]</Ticket>'],
    [`x=queryauthcode%40%40%40${secret}`, 'x=queryauthcode@@@[REDACTED]'],
    [`no key rk_live_${secret} here`, 'no key rk_[REDACTED] here'],
    [`/cgi-bin/get?access_token=${secret}&x=1`, '/cgi-bin/get?access_token=[REDACTED]&x=1'],
    [`?component_access_token=${secret}`, '?component_access_token=[REDACTED]'],
    [`/callback?auth_code=${secret}&expires_in=600`, '/callback?auth_code=[REDACTED]&expires_in=600'],
    [`/callback?x=1&state=${secret}#top`, '/callback?x=1&state=[REDACTED]#top'],
    [`u=https%3A%2F%2Fh%2F%3Fauth_code%3D${secret}`, 'u=https%3A%2F%2Fh%2F%3Fauth_code%3D[REDACTED]'],
    [`secret=${secret}`, 'secret=[REDACTED]'],
    [`{"component_appsecret": "${secret}"}`, '{"component_appsecret": "[REDACTED]"}'],
    [String.raw`{\"refresh_token\":\"${secret}\"}`, String.raw`{\"refresh_token\":\"[REDACTED]\"}`],
    [String.raw`\\\"token\\\" : \\\"${secret}\\\"`, String.raw`\\\"token\\\" : \\\"[REDACTED]\\\"`],
    [`postgres://user:${secret}@127.0.0.1:5432/db`, 'postgres://user:[REDACTED]@127.0.0.1:5432/db'],
    [`postgresql://user:a@b/${secret}@host/db`, 'postgresql://user:[REDACTED]@host/db'],
    [`redis://:${secret}@host:6379`, 'redis://:[REDACTED]@host:6379'],
    [`rediss://user:${secret}@host`, 'rediss://user:[REDACTED]@host'],
    [`authorization: Bearer ${secret}`, 'authorization: Bearer [REDACTED]'],
  ])('takes the secret out of %s', (text, expected) => {
    expect(scrub(text)).toBe(expected);
  });

  it.each([
    'token refreshed',
    'a ticket for wx0123456789abcdef arrived',
    'errcode 40001: invalid credential, access_token is invalid or not latest, rid: 6123-abcd',
    'connect ECONNREFUSED 127.0.0.1:5432',
    'postgres://127.0.0.1:5432/retract',
    '{"deletion_state":"queued","authorizer_appid":"wx0123456789abcdef"}',
    'work_rk_is_no_key',
  ])('leaves %j as it is', (text) => {
    expect(scrub(text)).toBe(text);
  });

  it('changes nothing the second time', () => {
    fc.assert(fc.property(textWithSecret, (text) => scrub(scrub(text)) === scrub(text)));
  });

  it('leaves no secret and valid JSON, wherever in a record the secret is and however deep it is quoted', () => {
    fc.assert(
      fc.property(textWithSecret, fc.string(), fc.integer({ min: 0, max: 3 }), (text, around, depth) => {
        let quoted = text;
        for (let level = 0; level < depth; level++) quoted = JSON.stringify({ quoted });
        const line = scrub(JSON.stringify({ message: `${around} ${quoted}` }));
        expect(line).not.toContain(secret);
        expect(JSON.parse(line)).toEqual({ message: expect.any(String) });
      }),
    );
  });
});

const textWithSecret = fc.constantFrom<string[]>(
  `ticket@@@${secret}`,
  `https://h/?access_token=${secret}&a=b`,
  `{"app_secret":"${secret}"}`,
  `postgres://u:${secret}@h/db`,
  `Bearer ${secret}`,
  `rk_${secret}`,
);
