import { releaseCheckAnswer, releaseCheckTask, textReply } from './release-check.js';
import { parseXml } from './xml.js';

const ACCOUNT = 'wx570bc396a51b8ff8';
const text = (content: string) => ({
  ToUserName: 'gh_3c884a361561',
  FromUserName: 'oFan',
  CreateTime: '1',
  MsgType: 'text',
  Content: content,
});

describe('the release check', () => {
  it('gets its text back at once', () => {
    expect(releaseCheckTask(ACCOUNT, text('TESTCOMPONENT_MSG_TYPE_TEXT'))).toEqual({
      task: 'reply',
      text: 'TESTCOMPONENT_MSG_TYPE_TEXT_callback',
    });
  });

  it('gets the name of its event back at once', () => {
    const event = { ...text(''), MsgType: 'event', Event: 'LOCATION' };
    expect(releaseCheckTask(ACCOUNT, event)).toEqual({ task: 'reply', text: 'LOCATIONfrom_callback' });
  });

  it('gets an answer through the API for its code', () => {
    const code = 'queryauthcode@@@abc:def';
    expect(releaseCheckTask(ACCOUNT, text(`QUERY_AUTH_CODE:${code}`))).toEqual({ task: 'send', code, toUser: 'oFan' });
    expect(releaseCheckAnswer(code)).toBe('queryauthcode@@@abc:def_from_api');
  });

  it('gets nothing for other texts', () => {
    expect(releaseCheckTask(ACCOUNT, text('hello'))).toBeUndefined();
  });

  it('cannot be played by the fans of other accounts', () => {
    expect(releaseCheckTask('wx0123456789abcdef', text('TESTCOMPONENT_MSG_TYPE_TEXT'))).toBeUndefined();
    expect(releaseCheckTask('wx0123456789abcdef', text('QUERY_AUTH_CODE:abc'))).toBeUndefined();
  });

  it('is answered from the account to the fan', () => {
    expect(parseXml(textReply(text('x'), 'hello', 1700000000))).toEqual({
      ToUserName: 'oFan',
      FromUserName: 'gh_3c884a361561',
      CreateTime: '1700000000',
      MsgType: 'text',
      Content: 'hello',
    });
  });
});
