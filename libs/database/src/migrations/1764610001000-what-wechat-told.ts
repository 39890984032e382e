import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Of what is there already, only what WeChat must have told counts as told by it: addresses within the number of articles that it
 * told, and the `__biz` in them. The rest may be anybody's import. Apart from the columns, for it takes time and locks rows only.
 */
export class WhatWechatTold1764610001000 implements MigrationInterface {
  name = 'WhatWechatTold1764610001000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      UPDATE mass_message_articles a SET source = 'wechat' FROM mass_messages m
      WHERE m.merchant_id = a.merchant_id AND m.msg_id = a.msg_id AND m.status <> 'imported' AND a.article_idx <= m.article_count
        AND a.url IS NOT NULL AND a.source IS NULL
    `);
    await runner.query(`
      UPDATE merchants m SET biz_source = 'wechat' WHERE biz IS NOT NULL AND biz_source IS NULL AND EXISTS (
        SELECT 1 FROM mass_message_articles a WHERE a.merchant_id = m.id AND a.source = 'wechat'
          AND strpos(replace(a.url, '%3D', '='), '__biz=' || m.biz || '&') > 0)
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
