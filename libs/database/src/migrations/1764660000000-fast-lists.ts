import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What lists filter by can be found without walking past all that is finished, and so can what sweeps look for. Rows are added and ended
 * without waiting for anybody; these indexes cost them a few µs each. Built beside 5,000,000 deletions, they take some minutes.
 */
export class FastLists1764660000000 implements MigrationInterface {
  name = 'FastLists1764660000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      -- First, for it takes the strongest lock. How many of its deletions ended how, once all have.
      ALTER TABLE takedowns ADD COLUMN settled_counts jsonb;
      CREATE INDEX takedowns_unsettled_idx ON takedowns (id) WHERE finished_at IS NOT NULL AND settled_counts IS NULL;
      CREATE INDEX takedowns_state_idx ON takedowns (state, id);
      CREATE INDEX takedowns_limited_idx ON takedowns (id) WHERE scope_platforms IS NOT NULL OR scope_merchants IS NOT NULL;

      -- What is open is little beside what has ended: in which state it looks to be, depends on its lane and is worked out.
      -- For lists alone, hence the second condition, which always holds: where statistics say that nothing is open, a walk over all
      -- that is open looks as cheap as a look into the index of open targets, and a takedown would take it for each of its lines.
      CREATE INDEX deletions_open_idx ON deletions (id) WHERE finished_at IS NULL AND created_at > '-infinity';
      CREATE INDEX deletions_ended_state_idx ON deletions (state, id) WHERE finished_at IS NOT NULL;
      CREATE INDEX deletions_takedown_ended_idx ON deletions (takedown_id, state, id)
        WHERE takedown_id IS NOT NULL AND finished_at IS NOT NULL;

      CREATE INDEX audit_events_action_idx ON audit_events (action, seq);
      CREATE INDEX audit_events_platform_idx ON audit_events (component_appid, seq);
      CREATE INDEX audit_events_merchant_idx ON audit_events (authorizer_appid, seq);

      CREATE INDEX webhook_deliveries_state_idx ON webhook_deliveries (endpoint_id, state, id);

      CREATE INDEX callback_events_kind_idx ON callback_events (kind, id);
      CREATE INDEX callback_events_state_idx ON callback_events (state, id);
      CREATE INDEX callback_events_merchant_idx ON callback_events (authorizer_appid, id);

      CREATE INDEX merchants_state_idx ON merchants (state, id);
      CREATE INDEX merchants_ref_idx ON merchants (ref, id) WHERE ref IS NOT NULL;
      CREATE INDEX merchants_eligible_idx ON merchants (id) WHERE ineligible_reasons = '{}';
      CREATE INDEX merchants_ineligible_idx ON merchants (id) WHERE ineligible_reasons <> '{}';
      -- Whose facts are the oldest is asked in every sweep, and so is whose token ends soon.
      CREATE INDEX merchants_facts_age_idx ON merchants (facts_read_at, id);
      CREATE INDEX merchants_facts_outdated_idx ON merchants (facts_read_at NULLS FIRST, id)
        WHERE facts_read_at IS NULL OR facts_read_at < granted_at;
      CREATE INDEX access_tokens_expires_idx ON access_tokens (expires_at) WHERE token_sealed IS NOT NULL;

      CREATE INDEX mass_messages_label_page_idx ON mass_messages (label, msg_id, merchant_id) WHERE label IS NOT NULL;
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
