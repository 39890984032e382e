// The least that Nest on Fastify can do with a request: parse it and insert the deletion, given its merchant's id,
// which Postgres checks. No key, no validation, nobody told, nothing noted.
import 'reflect-metadata';
import { Body, Controller, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import pg from 'pg';
import { v7 as uuidv7 } from 'uuid';

const { DATABASE_URL = '', PORT = '' } = process.env;
const database = new pg.Pool({ connectionString: DATABASE_URL, max: 10 });

@Controller()
class BareController {
  @Post('deletions')
  async create(@Body() body: { merchant: string; msg_id: string; article_idx: number }): Promise<object> {
    const id = uuidv7();
    const { merchant, msg_id, article_idx } = body;
    await database.query({
      name: 'insert',
      text: `INSERT INTO deletions (id, merchant_id, msg_id, article_idx, target_key, state, ready_at, request_id)
        VALUES ($1, $2, $3, $4, $5, 'queued', now(), 'bare')`,
      values: [id, merchant, msg_id, article_idx, `msg:${msg_id}:${article_idx}`],
    });
    return { id };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(PORT), '127.0.0.1');
process.send?.({});
