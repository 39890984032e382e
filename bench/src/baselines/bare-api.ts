// The least that Nest on Fastify can do with a request: parse it and insert one row. No key, no validation, no transaction.
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
  async create(@Body() body: object): Promise<object> {
    const id = uuidv7();
    await database.query({
      name: 'insert',
      text: 'INSERT INTO bare_deletions (id, body) VALUES ($1, $2)',
      values: [id, body],
    });
    return { id };
  }
}

@Module({ controllers: [BareController] })
class BareModule {}

const app = await NestFactory.create<NestFastifyApplication>(BareModule, new FastifyAdapter(), { logger: false });
await app.listen(Number(PORT), '127.0.0.1');
process.send?.({});
