import { writeFile } from 'node:fs/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { ApiModule, controllers } from './api.module.js';
import { apiEnvSchema } from './env.js';
import { TOLERANCE } from './http/bodies/tolerance.js';
import { describeApi } from './http/open-api/open-api.js';

/**
 * `node scripts/openapi.mjs [file]`: the description of the API, as `/openapi.json` has it. A preview of the api is
 * enough for it, in which nothing is made: these settings are never used.
 */
const env = apiEnvSchema.parse({
  DATABASE_URL: 'postgres://localhost/none',
  MASTER_KEYS: `none:${Buffer.alloc(32).toString('base64')}`,
});
const api = await NestFactory.create(ApiModule.forRoot(env, TOLERANCE), new FastifyAdapter(), {
  preview: true,
  logger: ['error'],
});
const text = `${JSON.stringify(describeApi(api, controllers, '/'), undefined, 2)}\n`;
const [file] = process.argv.slice(2);
if (file === undefined) process.stdout.write(text);
else await writeFile(file, text);
