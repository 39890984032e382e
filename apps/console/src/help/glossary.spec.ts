import { chapters, search } from './glossary.js';

const codesOf = (text: string) => search(text).flatMap(({ words }) => Object.keys(words));

describe('the search for words', () => {
  it('gives everything while nothing is looked for', () => {
    expect(search(' ')).toEqual(chapters);
  });

  it.each([
    ['45009', '45009'],
    ['ticket_missing', 'ticket_missing'],
    ['TICKET_MISSING', 'ticket_missing'],
    ['零点', 'daily_quota'],
    ['after midnight in shanghai', 'daily_quota'],
  ])('finds %p', (text, code) => {
    expect(codesOf(text)).toContain(code);
  });

  it('leaves out what does not fit', () => {
    expect(codesOf('45009')).toEqual(['45009']);
    expect(search('nothing is called like this')).toEqual([]);
  });
});
