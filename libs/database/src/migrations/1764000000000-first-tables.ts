import type { MigrationInterface, QueryRunner } from 'typeorm';

export class FirstTables1764000000000 implements MigrationInterface {
  name = 'FirstTables1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE platforms (
        id uuid PRIMARY KEY,
        component_appid text NOT NULL,
        app_secret_sealed text NOT NULL,
        token_sealed text NOT NULL,
        encoding_aes_key_sealed text NOT NULL,
        previous_encoding_aes_key_sealed text,
        ticket_sealed text,
        ticket_created_at timestamptz,
        ticket_received_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT platforms_component_appid_key UNIQUE (component_appid)
      );

      CREATE TABLE merchants (
        id uuid PRIMARY KEY,
        platform_id uuid NOT NULL,
        authorizer_appid text NOT NULL,
        ref text,
        state text NOT NULL,
        refresh_token_sealed text,
        permission_sets integer[] NOT NULL DEFAULT '{}',
        grant_version integer NOT NULL DEFAULT 0,
        granted_at timestamptz,
        nick_name text,
        user_name text,
        principal_name text,
        is_mini_program boolean,
        service_type integer,
        verify_type integer,
        account_status integer,
        facts_read_at timestamptz,
        created_at timestamptz NOT NULL DEFAULT now(),
        updated_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT merchants_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platforms (id),
        CONSTRAINT merchants_platform_authorizer_key UNIQUE (platform_id, authorizer_appid),
        CONSTRAINT merchants_state_check CHECK (state IN ('authorized', 'unauthorized', 'reauthorization_required'))
      );
      CREATE INDEX merchants_authorizer_appid_idx ON merchants (authorizer_appid);

      -- One row per holder of an access token: a platform (component_access_token) or a merchant.
      CREATE TABLE access_tokens (
        holder_id uuid PRIMARY KEY,
        token_sealed text,
        expires_at timestamptz,
        use_until timestamptz,
        version integer NOT NULL DEFAULT 0,
        lease_owner uuid,
        lease_until timestamptz,
        failed_until timestamptz,
        failure_code text
      );

      CREATE TABLE authorization_codes (
        platform_id uuid NOT NULL,
        code_hash text NOT NULL,
        lease_owner uuid,
        lease_until timestamptz,
        merchant_id uuid,
        grant_version integer,
        failure_code text,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT authorization_codes_pkey PRIMARY KEY (platform_id, code_hash),
        CONSTRAINT authorization_codes_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platforms (id)
      );

      CREATE TABLE used_authorization_states (
        id uuid PRIMARY KEY,
        code_hash text NOT NULL,
        used_at timestamptz NOT NULL DEFAULT now()
      );

      CREATE TABLE callback_events (
        id uuid PRIMARY KEY,
        platform_id uuid NOT NULL,
        channel text NOT NULL,
        kind text NOT NULL,
        authorizer_appid text,
        fingerprint text NOT NULL,
        payload_sealed text,
        state text NOT NULL,
        failure_code text,
        request_id text NOT NULL,
        pushed_at timestamptz NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        processed_at timestamptz,
        CONSTRAINT callback_events_platform_id_fkey FOREIGN KEY (platform_id) REFERENCES platforms (id),
        CONSTRAINT callback_events_fingerprint_key UNIQUE (platform_id, fingerprint),
        CONSTRAINT callback_events_channel_check CHECK (channel IN ('authorization', 'message')),
        CONSTRAINT callback_events_state_check CHECK (state IN ('pending', 'done', 'failed'))
      );
      CREATE INDEX callback_events_pending_idx ON callback_events (received_at) WHERE state = 'pending';

      CREATE TABLE merchant_pacing (
        merchant_id uuid PRIMARY KEY,
        due_at timestamptz,
        next_slot_at timestamptz NOT NULL DEFAULT now(),
        rate_per_minute integer,
        daily_limit integer,
        quota_day date,
        quota_used integer NOT NULL DEFAULT 0,
        blocked_for text,
        blocked_until timestamptz,
        urgent_blocked_until timestamptz,
        CONSTRAINT merchant_pacing_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants (id),
        CONSTRAINT merchant_pacing_blocked_for_check CHECK (blocked_for IN ('rate_limit', 'daily_quota'))
      );
      CREATE INDEX merchant_pacing_due_idx ON merchant_pacing (due_at) WHERE due_at IS NOT NULL;

      CREATE TABLE deletions (
        id uuid PRIMARY KEY,
        merchant_id uuid NOT NULL,
        msg_id bigint,
        article_idx integer,
        url text,
        target_key text NOT NULL,
        state text NOT NULL,
        is_urgent boolean NOT NULL DEFAULT false,
        not_before timestamptz,
        ready_at timestamptz NOT NULL,
        dispatched_at timestamptz,
        run_id uuid,
        running_until timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        retries integer NOT NULL DEFAULT 0,
        waiting_for text,
        waiting_until timestamptz,
        outcome_code text,
        outcome_errcode integer,
        outcome_errmsg text,
        outcome_rid text,
        proof text NOT NULL DEFAULT 'none',
        reason text,
        metadata jsonb NOT NULL DEFAULT '{}',
        request_id text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT deletions_merchant_id_fkey FOREIGN KEY (merchant_id) REFERENCES merchants (id),
        CONSTRAINT deletions_state_check
          CHECK (state IN ('scheduled', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
        CONSTRAINT deletions_waiting_for_check CHECK (waiting_for IN ('backoff', 'merchant_admin', 'platform')),
        CONSTRAINT deletions_proof_check CHECK (proof IN ('none', 'acknowledged', 'verified')),
        CONSTRAINT deletions_target_check CHECK (
          (msg_id IS NOT NULL AND article_idx IS NOT NULL AND url IS NULL) OR (msg_id IS NULL AND article_idx IS NULL AND url IS NOT NULL)
        )
      );
      CREATE UNIQUE INDEX deletions_open_target_idx ON deletions (merchant_id, target_key)
        WHERE finished_at IS NULL;
      CREATE INDEX deletions_lane_idx ON deletions (merchant_id, is_urgent, ready_at, id)
        WHERE finished_at IS NULL AND dispatched_at IS NULL;
      CREATE INDEX deletions_dispatched_idx ON deletions (dispatched_at)
        WHERE finished_at IS NULL AND dispatched_at IS NOT NULL;
      CREATE INDEX deletions_merchant_idx ON deletions (merchant_id, id);

      -- Every upstream call made for a deletion. A row without finished_at is a call whose outcome is not known.
      CREATE TABLE deletion_attempts (
        id uuid PRIMARY KEY,
        deletion_id uuid NOT NULL,
        operation text NOT NULL,
        outcome text,
        errcode integer,
        errmsg text,
        rid text,
        http_status integer,
        latency_ms integer,
        started_at timestamptz NOT NULL DEFAULT now(),
        finished_at timestamptz,
        CONSTRAINT deletion_attempts_deletion_id_fkey FOREIGN KEY (deletion_id) REFERENCES deletions (id)
      );
      CREATE INDEX deletion_attempts_deletion_idx ON deletion_attempts (deletion_id, id);

      CREATE TABLE api_keys (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        key_hash text NOT NULL,
        role text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        revoked_at timestamptz,
        CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash),
        CONSTRAINT api_keys_role_check CHECK (role IN ('admin', 'operator', 'viewer', 'tokens'))
      );

      CREATE TABLE idempotency_keys (
        api_key_id uuid NOT NULL,
        key text NOT NULL,
        request_hash text NOT NULL,
        status integer NOT NULL,
        answer jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        CONSTRAINT idempotency_keys_pkey PRIMARY KEY (api_key_id, key),
        CONSTRAINT idempotency_keys_api_key_id_fkey FOREIGN KEY (api_key_id) REFERENCES api_keys (id)
      );
      CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at);
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
