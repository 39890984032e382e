import {
  BadRequestException,
  ConflictException,
  Body,
  Controller,
  Get,
  HttpCode,
  NotFoundException,
  Param,
  Patch,
  Post,
  Query,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import { seconds } from '../state/timeline.js';
import { textMessage } from '../push/payloads.js';
import { Simulation } from '../simulation/simulation.js';
import { merchantChangeSchema, merchantSchema, type MerchantChange, type MerchantInput } from '../state/registry.js';
import type { Merchant } from '../state/world.js';
import { findMerchant, findPlatform } from './find.js';
import { quotasSchema, quotasView, setQuotas, type QuotasInput } from './quotas.js';
import { grantView, merchantView, messageView, pushView } from './views.js';

const pageSchema = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});
type Page = z.infer<typeof pageSchema>;

const articlesSchema = z
  .array(z.strictObject({ title: z.string().optional(), is_rumour: z.boolean().optional() }))
  .min(1)
  .max(8);

const materialSchema = z.strictObject({ media_id: z.string().min(1).optional(), articles: articlesSchema });
type MaterialInput = z.infer<typeof materialSchema>;

const massMessageSchema = z.strictObject({
  kind: z.enum(['mpnews', 'mpvideo', 'text', 'voice', 'image', 'wxcard']).default('mpnews'),
  to_all: z.boolean().default(false),
  media_id: z.string().optional().describe('Send this material (again); otherwise a new one is made of `articles`'),
  articles: articlesSchema.default([{ title: 'Article 1' }, { title: 'Article 2' }]),
  is_api_sent: z.boolean().default(true).describe('false: sent by hand in the console, so it cannot be deleted'),
  status: z
    .string()
    .regex(/^(sending|send success|send fail|err\(\d+\))$/)
    .default('send success'),
  push: z.boolean().default(true).describe('Push MASSSENDJOBFINISH after the send; false: it is finished silently'),
  count: z.int().min(1).max(100_000).default(1),
});
type MassMessageInput = z.infer<typeof massMessageSchema>;

const bulkSchema = z.strictObject({
  count: z.int().min(1).max(100_000),
  template: merchantSchema.omit({ appid: true, user_name: true }).default({ kind: 'official' }),
  messages: z.int().min(0).max(10_000).default(0).describe('Sent messages of each account, without pushes'),
  articles: z.int().min(1).max(8).default(2).describe('Articles of each message'),
  component_appid: z.string().optional().describe('Also authorize this platform'),
  push: z
    .boolean()
    .default(true)
    .describe('Push the authorization events; false: the platform has to ask for the list'),
});
type BulkInput = z.infer<typeof bulkSchema>;

const textSchema = z.strictObject({
  content: z.string(),
  component_appid: z.string(),
  openid: z.string().optional(),
});
type TextInput = z.infer<typeof textSchema>;

@ApiTags('accounts')
@Controller('_control/merchants')
export class MerchantsController {
  private nextMessageId = 24_270_000_000_000_001n;

  constructor(private readonly simulation: Simulation) {}

  @ApiOperation({ summary: 'Makes an account; what is left out is made up' })
  @Post()
  create(@Body({ schema: merchantSchema }) input: MerchantInput) {
    if (input.appid !== undefined && this.simulation.world.merchants.has(input.appid)) {
      throw new ConflictException(`There is an account ${input.appid} already: PATCH it`);
    }
    return merchantView(this.simulation.registry.addMerchant(input));
  }

  @ApiOperation({ summary: 'Many accounts at once, with messages, authorized if wanted' })
  @Post('bulk')
  createMany(@Body({ schema: bulkSchema }) input: BulkInput) {
    const { simulation } = this;
    const platform = input.component_appid === undefined ? undefined : findPlatform(simulation, input.component_appid);
    const data = Array.from({ length: input.count }, () => {
      const merchant = simulation.registry.addMerchant(input.template);
      const first = merchant.nextToTagId;
      for (let i = 0; i < input.messages; i++) {
        const articles = Array.from({ length: input.articles }, () => ({}));
        const material = simulation.massMessages.addMaterial(merchant, articles);
        const message = simulation.massMessages.start(merchant, { kind: 'mpnews', isToAll: false, material });
        simulation.massMessages.finish(message, 'send success');
      }
      if (platform) simulation.consent(platform, merchant, undefined, undefined, { isSilent: !input.push });
      return { appid: merchant.appid, ...(input.messages > 0 ? { first_msg_id: String(first) } : {}) };
    });
    return { data };
  }

  @ApiOperation({ summary: 'Accounts' })
  @Get()
  list(@Query({ schema: pageSchema }) { limit, offset }: Page) {
    const all = [...this.simulation.world.merchants.values()];
    return { total_count: all.length, data: all.slice(offset, offset + limit).map(merchantView) };
  }

  @ApiOperation({ summary: 'One account with what it granted' })
  @Get(':appid')
  get(@Param('appid', { schema: z.string() }) appid: string) {
    const merchant = findMerchant(this.simulation, appid);
    const grants = [...this.simulation.world.platforms.values()].flatMap((platform) => {
      const grant = platform.grants.get(appid);
      return grant ? [grantView(grant)] : [];
    });
    return { ...merchantView(merchant), grants };
  }

  @ApiOperation({ summary: 'Changes an account' })
  @Patch(':appid')
  change(
    @Param('appid', { schema: z.string() }) appid: string,
    @Body({ schema: merchantChangeSchema }) change: MerchantChange,
  ) {
    const merchant = findMerchant(this.simulation, appid);
    this.simulation.registry.changeMerchant(merchant, change);
    return merchantView(merchant);
  }

  @ApiOperation({ summary: "An account's counters" })
  @Get(':appid/quotas')
  quotas(@Param('appid', { schema: z.string() }) appid: string) {
    return quotasView(this.simulation, findMerchant(this.simulation, appid).counters);
  }

  @ApiOperation({ summary: "Sets an account's limits and counters" })
  @Patch(':appid/quotas')
  setQuotas(@Param('appid', { schema: z.string() }) appid: string, @Body({ schema: quotasSchema }) input: QuotasInput) {
    const { counters } = findMerchant(this.simulation, appid);
    setQuotas(this.simulation, counters, input);
    return quotasView(this.simulation, counters);
  }

  @ApiOperation({ summary: 'Articles that mass/sendall can send by their media id' })
  @Post(':appid/materials')
  addMaterial(
    @Param('appid', { schema: z.string() }) appid: string,
    @Body({ schema: materialSchema }) input: MaterialInput,
  ) {
    const merchant = findMerchant(this.simulation, appid);
    const material = this.simulation.massMessages.addMaterial(merchant, input.articles.map(articleOf), input.media_id);
    return { media_id: material.mediaId, msg_data_id: material.mid, articles: material.articles.length };
  }

  @ApiOperation({ summary: 'Sends as the account itself or another of its tools would' })
  @Post(':appid/mass-messages')
  send(
    @Param('appid', { schema: z.string() }) appid: string,
    @Body({ schema: massMessageSchema }) input: MassMessageInput,
  ) {
    const merchant = findMerchant(this.simulation, appid);
    const data = Array.from({ length: input.count }, () => this.sendOne(merchant, input));
    return { data };
  }

  @ApiOperation({ summary: 'Mass messages of an account' })
  @Get(':appid/mass-messages')
  messages(
    @Param('appid', { schema: z.string() }) appid: string,
    @Query({ schema: pageSchema }) { limit, offset }: Page,
  ) {
    const merchant = findMerchant(this.simulation, appid);
    const all = [...merchant.messages.values()];
    return {
      total_count: all.length,
      data: all
        .slice(offset, offset + limit)
        .map((message) => messageView(merchant, message, this.simulation.massMessages)),
    };
  }

  @ApiOperation({ summary: 'One message: its articles, status, delete calls and how many took effect' })
  @Get(':appid/mass-messages/:msg_id')
  message(
    @Param('appid', { schema: z.string() }) appid: string,
    @Param('msg_id', { schema: z.string().regex(/^\d{1,19}$/) }) msgId: string,
  ) {
    const merchant = findMerchant(this.simulation, appid);
    const message = merchant.messages.get(BigInt(msgId));
    if (!message) throw new NotFoundException(`No message ${msgId} of account ${appid}`);
    return messageView(merchant, message, this.simulation.massMessages);
  }

  @ApiOperation({ summary: 'A fan writes to the account; tells how the platform answered' })
  @Post(':appid/text-messages')
  @HttpCode(200)
  async text(@Param('appid', { schema: z.string() }) appid: string, @Body({ schema: textSchema }) input: TextInput) {
    const { simulation } = this;
    const merchant = findMerchant(simulation, appid);
    const platform = findPlatform(simulation, input.component_appid);
    const openid = input.openid ?? simulation.newOpenid();
    const now = seconds(simulation.timeline.now());
    const fields = textMessage(merchant, openid, input.content, this.nextMessageId++, now);
    const push = await simulation.pusher.pushMessage(platform, merchant, fields, openid);
    return push ? pushView(push) : { state: 'no_messages_url' };
  }

  private sendOne(merchant: Merchant, input: MassMessageInput) {
    const { simulation } = this;
    const hasPages = input.kind === 'mpnews' || input.kind === 'mpvideo';
    const known = input.media_id === undefined ? undefined : merchant.materials.get(input.media_id);
    if (input.media_id !== undefined && !known) throw new BadRequestException(`No material ${input.media_id}`);
    const material = hasPages
      ? (known ?? simulation.massMessages.addMaterial(merchant, input.articles.map(articleOf)))
      : undefined;
    const send = { kind: input.kind, isToAll: input.to_all, isApiSent: input.is_api_sent, material };
    const isLeftSending = input.status === 'sending';
    const message =
      isLeftSending || !input.push
        ? simulation.massMessages.start(merchant, send)
        : simulation.sendMassMessage(merchant, send, input.status);
    if (!isLeftSending && !input.push) simulation.massMessages.finish(message, input.status);
    return messageView(merchant, message, simulation.massMessages);
  }
}

type ArticleInput = z.infer<typeof articlesSchema>[number];
const articleOf = ({ title, is_rumour }: ArticleInput) => ({
  ...(title === undefined ? {} : { title }),
  ...(is_rumour === undefined ? {} : { isRumour: is_rumour }),
});
