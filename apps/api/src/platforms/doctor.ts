import { z } from 'zod';
import type { Check } from '@app/merchants';

export const examinationSchema = z
  .object({
    checks: z.array(
      z.object({
        name: z.enum([
          'pushes_arrive',
          'ticket',
          'component_token',
          'ip_listed',
          'clock_database',
          'clock_wechat',
          'authorizer_list',
          'merchants',
        ]),
        state: z.enum(['ok', 'failed', 'unknown']).meta({
          description: 'unknown: something else fails before it, or WeChat does not say.',
        }),
        code: z.string().meta({
          description: 'Stable: why it is in this state.',
          examples: ['pushes_silent', 'ticket_missing', 'ip_not_listed', 'clock_off', 'list_drift', 'none_eligible'],
        }),
        facts: z.record(z.string(), z.unknown()).meta({ description: 'What it was found by; null: not known.' }),
      }),
    ),
  })
  .meta({ id: 'PlatformExamination' });

export const examinationOf = (checks: Check[]): z.input<typeof examinationSchema> => ({ checks });
