import { Argument, type Command, type Option } from 'commander';
import { completionScript, SHELLS, type Shell, type Word } from '../terminal/completion-scripts.js';
import { examples } from '../calling/context.js';

export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print what completes commands and options in a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      examples(
        ['bash, now; for good, put the line into ~/.bashrc', 'source <(retract completion bash)'],
        ['zsh', 'source <(retract completion zsh)'],
        ['fish', 'retract completion fish > ~/.config/fish/completions/retract.fish'],
      ),
    )
    .action((shell: Shell) => void process.stdout.write(completionScript(shell, wordsOf(program))));
}

/** What can stand where, by the path of commands before it. Options of a command are good behind its own commands, too. */
function wordsOf(command: Command, path: string[] = [], inherited: readonly Option[] = []): Word[] {
  const help = command.createHelp();
  const commands = command.commands.filter((sub) => help.visibleCommands(command).includes(sub));
  return [
    ...commands.map((sub) => ({ path, text: sub.name(), does: sub.description() })),
    ...[...help.visibleOptions(command), ...inherited].flatMap(({ long, description }) =>
      long ? [{ path, text: long, does: description }] : [],
    ),
    ...commands.flatMap((sub) => wordsOf(sub, [...path, sub.name()], [...inherited, ...command.options])),
  ];
}
