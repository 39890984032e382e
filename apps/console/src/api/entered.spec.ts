import { appidsOf, areAppids, isHttpUrl, isNumber } from './entered.js';

describe('what people enter', () => {
  it('has appids, however they were copied', () => {
    expect(appidsOf(' "wxa1",wxb2；wxc3\n\n\twxd4 ')).toEqual(['wxa1', 'wxb2', 'wxc3', 'wxd4']);
  });

  it.each([
    ['', true],
    ['wx570bc396a51b8ff8', true],
    ['wx570bc396a51b8ff8 wx570bc396a51b8ff8', false],
    ['wx!', false],
    [Array.from({ length: 1_000 }, (_, i) => `wx${i + 10_000}`).join('\n'), true],
    [Array.from({ length: 1_001 }, (_, i) => `wx${i + 10_000}`).join('\n'), false],
  ])('lists appids or not', (text, areSome) => {
    expect(areAppids(text)).toBe(areSome);
  });

  it.each([
    ['https://hooks.example.com/retract?x=1', true],
    ['http://10.0.0.1:8080', true],
    ['ftp://a.example', false],
    ['https://user@a.example', false],
    ['https://:pass@a.example', false],
    ['https://a.example/#part', false],
    ['a.example', false],
    [`https://a.example/${'x'.repeat(2_000)}`, false],
  ])('%p can be sent to: %p', (text, canBe) => {
    expect(isHttpUrl(text)).toBe(canBe);
  });

  it.each([
    ['1200', true],
    [' 1,200 ', true],
    ['1 200', true],
    ['１，２００', true],
    ['12.00', false],
    ['1201', false],
    ['', false],
  ])('is the number 1200 or not: %j', (typed, is) => {
    expect(isNumber(typed, 1_200)).toBe(is);
  });
});
