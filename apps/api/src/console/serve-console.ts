import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CONSOLE_POLICY } from '../http/server/security-headers.js';

/** The built console lies beside the built apps; from the sources, it is in dist. */
const FOLDERS = ['../../../../console/', '../../../../dist/console/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

/**
 * The console at `/console/`, and `/` leads there. Its files are named by their content, so a browser may keep them for
 * ever; the page that names them is asked for anew each time. Every address below it is that page: what it shows is the
 * page's own to find out.
 */
export async function useConsole(fastify: FastifyInstance, publicUrl: string): Promise<void> {
  const folder = FOLDERS.find((path) => existsSync(`${path}index.html`));
  if (folder === undefined) return;
  const base = `${new URL(publicUrl).pathname.replace(/\/$/, '')}/console/`;
  const page = readFileSync(`${folder}index.html`, 'utf8').replace('<base href="/console/"', `<base href="${base}"`);

  fastify.get('/', (_request, reply) => reply.redirect(base));
  fastify.get('/console', (_request, reply) => reply.redirect(base));
  await fastify.register(fastifyStatic, {
    root: `${folder}assets`,
    prefix: '/console/assets/',
    preCompressed: true,
    immutable: true,
    maxAge: '365d',
    index: false,
    decorateReply: false,
  });
  const sendPage = (_request: FastifyRequest, reply: FastifyReply) =>
    reply
      .header('content-type', 'text/html; charset=utf-8')
      .header('content-security-policy', CONSOLE_POLICY)
      .header('cache-control', 'no-cache')
      .send(page);
  fastify.get('/console/', sendPage);
  fastify.get('/console/*', sendPage);
}
