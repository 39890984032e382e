import type { Words } from '@app/words';

export const eventTexts = {
  deletion: { zh: '撤回', en: 'deletion' },
  takedown: { zh: '撤回任务', en: 'takedown' },
  endpoint: { zh: '推送地址', en: 'endpoint' },
  withSet: { zh: '含“{name}”', en: 'with “{name}”' },
  withoutSet: { zh: '缺少“{name}”', en: 'without “{name}”' },
  nowEligible: { zh: '现在可以撤回', en: 'it can be served now' },
} as const satisfies Record<string, Words>;
