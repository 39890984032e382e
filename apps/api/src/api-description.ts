import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { OpenAPIObject } from '@nestjs/swagger';
import { ApiModule, controllers } from './api.module.js';
import { apiEnvSchema } from './env.js';
import { TOLERANCE } from './http/bodies/tolerance.js';
import { describeApi } from './http/open-api/open-api.js';

/** The description of the API without an api: of a preview, in which nothing is made. These settings are never used. */
export async function apiDescription(): Promise<OpenAPIObject> {
  const env = apiEnvSchema.parse({
    DATABASE_URL: 'postgres://localhost/none',
    MASTER_KEYS: `none:${Buffer.alloc(32).toString('base64')}`,
  });
  const options = { preview: true, logger: false, abortOnError: false } as const;
  const api = await NestFactory.create(ApiModule.forRoot(env, TOLERANCE), new FastifyAdapter(), options);
  return describeApi(api, controllers, 'https://retract.example/');
}
