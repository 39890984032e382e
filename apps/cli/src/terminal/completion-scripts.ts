export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** A command or an option. */
export interface Word {
  /** The commands that stand before it. */
  path: string[];
  text: string;
  does: string;
}

/** What completes words in a shell. Where a word is a file or an id, the shell does what it does anyway. */
export function completionScript(shell: Shell, words: Word[]): string {
  return { bash, zsh, fish }[shell](words);
}

/** The words by the path before them, of which the empty one is that of the program. */
function byPath(words: Word[]): [path: string, words: Word[]][] {
  const paths = new Map<string, Word[]>();
  for (const word of words) {
    const path = word.path.join(' ');
    paths.set(path, [...(paths.get(path) ?? []), word]);
  }
  return [...paths];
}

/** The words before the one that is completed, without options. In zsh, a variable called `path` would be the PATH. */
const PATH_OF_WORDS = `for word in "\${before[@]}"; do
    case "$word" in -*) ;; *) next="\${at:+$at }$word"; case "$next" in COMMANDS) at="$next" ;; esac ;; esac
  done`;

const pathOfWords = (words: Word[]) => {
  const commands = byPath(words).flatMap(([path]) => (path ? [`'${path}'`] : []));
  return PATH_OF_WORDS.replace('COMMANDS', commands.join('|'));
};

const cases = (words: Word[], line: (words: Word[]) => string) =>
  byPath(words)
    .map(([path, of]) => `    '${path}') ${line(of)} ;;`)
    .join('\n');

const bash = (words: Word[]) => `_retract() {
  local word next at='' words='' before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  ${pathOfWords(words)}
  case "$at" in
${cases(words, (of) => `words='${of.map(({ text }) => text).join(' ')}'`)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _retract retract
`;

const quoted = (text: string) => text.replaceAll("'", '’').replaceAll(':', '\\:');

const zsh = (words: Word[]) => `#compdef retract
_retract() {
  local word next at='' before=("\${(@)words[2,CURRENT-1]}")
  local -a found
  ${pathOfWords(words)}
  case "$at" in
${cases(words, (of) => `found=(${of.map(({ text, does }) => `'${text}:${quoted(does)}'`).join(' ')})`)}
  esac
  _describe retract found
  _files
}
compdef _retract retract
`;

const fish = (words: Word[]) =>
  words
    .map(({ path, text, does }) => {
      const behind = path.map((command) => `__fish_seen_subcommand_from ${command}`);
      const when = behind.join('; and ') || '__fish_use_subcommand';
      const what = text.startsWith('--') ? `-l ${text.slice(2)}` : `-a ${text}`;
      return `complete -c retract -n '${when}' ${what} -d '${does.replaceAll("'", '’')}'`;
    })
    .join('\n') + '\n';
