import { z } from 'zod';
import { decideTarget, DeletionsError, type TargetRequest } from '@app/deletions';
import { readTargets, type TargetLine, type TargetList } from '@app/target-lists';
import { readArticleLink } from '@app/wechat';
import { appidSchema } from '../http/requests/appid.js';
import { textSchema } from '../http/requests/text.js';
import { itemSchema } from './takedown.js';

/** Of a paste; a longer one comes in parts. */
const MAX_LINES = 4_000;
const MAX_LINE_LENGTH = 8_192;

export const parseTakedownSchema = z
  .strictObject({
    lines: z.array(textSchema(MAX_LINE_LENGTH)).min(1).max(MAX_LINES).meta({
      description:
        'As they were pasted: links, appids with msg_ids, cells of a spreadsheet, CSV, JSON; blank ones too.',
    }),
    merchant: appidSchema.optional().meta({ description: 'Of lines that name none.' }),
    article_idx: z.int().min(1).max(1_000).optional().meta({ description: 'Of messages whose line names no article.' }),
    whole_message: z.boolean().optional().meta({ description: 'Every article, of messages whose line names none.' }),
  })
  .meta({
    id: 'ParseTakedown',
    examples: [
      {
        lines: [
          '“https://mp.weixin.qq.com/s/9pJLbTu4H9Wq8PcHxyzABC”,',
          '',
          'wx570bc396a51b8ff8\t3147483661\t2',
          'so what?',
        ],
      },
    ],
  });
export type ParseTakedown = z.output<typeof parseTakedownSchema>;

const understoodSchema = z.enum(['address', 'short_address', 'article', 'whole_message']);

export const parsedTakedownSchema = z
  .object({
    items: z.array(
      z.object({
        line: z.int().meta({ description: 'Of `lines`, counted from 1; of a JSON document, its entry.' }),
        understood_as: understoodSchema,
        item: z
          .object({
            merchant: z.string().optional(),
            component_appid: z.string().optional(),
            msg_id: z.string().optional(),
            article_idx: z.int().optional(),
            whole_message: z.boolean().optional(),
            url: z.string().optional(),
          })
          .meta({
            description:
              'What a takedown is to be asked for: among items, or, if it is a url alone, among urls or as NDJSON.',
          }),
      }),
    ),
    errors: z.array(
      z.object({
        line: z.int(),
        code: z.string().meta({ description: 'Stable.' }),
        detail: z.string(),
        excerpt: z.string().meta({ description: 'How the line begins.' }),
      }),
    ),
    passed_over: z.int().meta({ description: 'Lines that ask for nothing: blank ones, comments, names of columns.' }),
  })
  .meta({ id: 'ParsedTakedown' });
export type ParsedTakedown = z.input<typeof parsedTakedownSchema>;
type Parsed = ParsedTakedown['items'][number];

/** What lines ask for, by the rules that the takedown itself keeps. Looks nothing up. */
export function parseLines({ lines, ...given }: ParseTakedown): ParsedTakedown {
  const defaults = { merchant: given.merchant, article: given.article_idx, wholeMessage: given.whole_message };
  const list = readTargets(lines.join('\n'), defaults);
  const items: Parsed[] = [];
  const errors: ParsedTakedown['errors'] = list.faults.map(({ line, code, why: detail, text: excerpt }) => ({
    ...{ line, code, detail },
    excerpt,
  }));
  for (const { line, target } of list.targets) {
    const read = readItem(target);
    if ('code' in read) errors.push({ line, ...read, excerpt: excerptOf(target) });
    else items.push({ line, ...read });
  }
  return { items, errors: errors.sort((a, b) => a.line - b.line), passed_over: list.passedOver };
}

/** With an address alone, the merchant is looked up when the takedown is asked for. */
const parsedItemSchema = itemSchema.extend({ merchant: appidSchema.optional() });

function readItem(target: TargetLine): Omit<Parsed, 'line'> | { code: string; detail: string } {
  const checked = parsedItemSchema.safeParse(target);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    return { code: 'invalid_item', detail: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}` };
  }
  const { msg_id: _msgId, ...item } = checked.data;
  try {
    const { target: decided } = decideTarget(checked.data satisfies TargetRequest);
    if ('url' in decided) {
      const understood_as = readArticleLink(decided.url)?.shortId === undefined ? 'address' : 'short_address';
      return { understood_as, item: { ...item, url: decided.url } };
    }
    const understood_as = decided.articleIdx === 0 ? 'whole_message' : 'article';
    return { understood_as, item: { ...item, msg_id: String(decided.msgId) } };
  } catch (error) {
    if (error instanceof DeletionsError) return { code: error.code, detail: error.message };
    throw error;
  }
}

const EXCERPT = 80;

const excerptOf = (target: TargetList['targets'][number]['target']) => JSON.stringify(target).slice(0, EXCERPT);
