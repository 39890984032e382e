import { problemIndexPage, problemPage } from './problem-pages.js';

it('links to its other pages wherever a proxy shows them: /retract/docs/problems as well as /docs/problems', () => {
  const linksOf = (html: string, base: string) =>
    [...html.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => new URL(href, base).pathname);
  expect(linksOf(problemIndexPage(), 'https://x.example/retract/docs/problems')).toContain(
    '/retract/docs/problems/not_found',
  );
  expect(linksOf(problemPage('not_found'), 'https://x.example/retract/docs/problems/not_found')).toContain(
    '/retract/docs/problems',
  );
});
