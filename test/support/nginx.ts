import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './eventually.js';

/** @param server what stands between the braces of its one server, which has to listen at the port */
export async function startNginx(port: number, server: string): Promise<{ stop(): Promise<void> }> {
  const dir = mkdtempSync(join(tmpdir(), 'retract-nginx-'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (use) => `${use}_temp_path ${dir}/${use};`,
  );
  const file = join(dir, 'nginx.conf');
  writeFileSync(
    file,
    `${process.getuid?.() === 0 ? 'user root;' : ''} daemon off; worker_processes 1; pid ${dir}/pid; error_log stderr;
     events {} http { access_log off; ${temporary.join(' ')} server { listen 127.0.0.1:${port}; ${server} } }`,
  );
  const child = spawn('nginx', ['-p', dir, '-e', 'stderr', '-c', file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(child, 'exit');
  let said = '';
  child.stderr.on('data', (text) => (said += String(text)));
  const answers = () => {
    if (child.exitCode !== null) throw new Error(`nginx has ended: ${said}`);
    return fetch(`http://127.0.0.1:${port}/`).then(
      () => true,
      () => false,
    );
  };
  await eventually(answers, Boolean);
  return {
    stop: async () => {
      child.kill('SIGTERM');
      await exited;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
