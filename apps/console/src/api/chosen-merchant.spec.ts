import { chosenMerchant } from './chosen-merchant.js';

const [tea, other] = [{ appid: 'wxtea' }, { appid: 'wxother' }];

it.each<[string, string, string, { appid: string }[], string | undefined]>([
  ['an appid that was found', ' wxtea ', 'tea', [other, tea], 'wxtea'],
  ['an appid that was not looked for yet', 'wx570bc396a51b8ff8', '', [], 'wx570bc396a51b8ff8'],
  ['the only one of that name', '茶馆', '茶馆', [tea], 'wxtea'],
  ['the only account, with two platforms', '茶馆', '茶馆', [tea, tea], 'wxtea'],
  ['one of several', 'tea', 'tea', [tea, other], undefined],
  ['the only one of another name', 'teahouse', 'tea', [tea], undefined],
  ['nobody', 'tea', 'tea', [], undefined],
  ['words before their answer', 'tea', '', [], undefined],
])('takes %s', (_what, entered, words, found, appid) => {
  expect(chosenMerchant(entered, words, found)).toBe(appid);
});
