import { completionScript } from './completion-scripts.js';

const words = [
  { path: [], text: 'admin', does: "what needs the service's settings: all of them" },
  { path: ['admin'], text: 'keys', does: 'count' },
  { path: ['admin', 'keys'], text: '--help', does: 'help' },
];

it('leaves the PATH of zsh alone, whose name is `path` there', () => {
  expect(completionScript('zsh', words)).not.toMatch(/\bpath\b/);
  // `${words[@]:1:CURRENT}` would be a modifier of history there.
  expect(completionScript('zsh', words)).not.toMatch(/:CURRENT/);
});

it('tells fish which commands stand before a word', () => {
  expect(completionScript('fish', words)).toBe(
    "complete -c retract -n '__fish_use_subcommand' -a admin -d 'what needs the service’s settings: all of them'\n" +
      "complete -c retract -n '__fish_seen_subcommand_from admin' -a keys -d 'count'\n" +
      "complete -c retract -n '__fish_seen_subcommand_from admin; and __fish_seen_subcommand_from keys' -l help -d 'help'\n",
  );
});
