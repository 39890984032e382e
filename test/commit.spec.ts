import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWith } from './support/programs.js';

describeWith('git', 'the commit that a build tells', () => {
  let repository: string;
  beforeAll(() => {
    repository = mkdtempSync(join(tmpdir(), 'retract-commit-'));
  });
  afterAll(() => rmSync(repository, { recursive: true, force: true }));

  const git = (...words: string[]) =>
    spawnSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@example', ...words], {
      cwd: repository,
      encoding: 'utf8',
    });
  const commitOf = (folder: string) => {
    const script = `import { commitOf } from './scripts/lib.mjs'; process.stdout.write(commitOf(process.argv[1]));`;
    return spawnSync(process.execPath, ['--input-type=module', '-e', script, folder], { encoding: 'utf8' }).stdout;
  };

  it('is that of the repository, and not of another one around it', () => {
    expect(commitOf(repository)).toBe('');
    git('init', '--quiet');
    git('commit', '--quiet', '--allow-empty', '--message', 'x');
    expect(commitOf(repository)).toBe(git('rev-parse', 'HEAD').stdout.trim());
    const unpacked = join(repository, 'release');
    mkdirSync(unpacked);
    expect(commitOf(unpacked)).toBe('');
  });
});
