import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whose keys are counted together. The rule stands here and nowhere else, so that no process can issue a key beside it, an older
 * one neither: a key without limits is the provider's; one with limits that such a key issued belongs to the tenant of
 * these limits, in whichever order they are named; and what a tenant's key issues belongs to its tenant, however much narrower.
 */
export class Tenants1764630000000 implements MigrationInterface {
  name = 'Tenants1764630000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE api_keys ADD COLUMN tenant text;

      CREATE FUNCTION tenant_of_limits(platforms text[], merchants text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT CASE WHEN platforms IS NOT NULL OR merchants IS NOT NULL THEN encode(sha256(convert_to(json_build_array(
          (SELECT json_agg(name ORDER BY name COLLATE "C") FROM (SELECT DISTINCT unnest(platforms) AS name) AS names),
          (SELECT json_agg(name ORDER BY name COLLATE "C") FROM (SELECT DISTINCT unnest(merchants) AS name) AS names)
        )::text, 'UTF8')), 'hex') END
      $$;

      CREATE FUNCTION set_tenant_of_key() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.tenant := COALESCE((SELECT tenant FROM api_keys WHERE id = NEW.created_by),
          tenant_of_limits(NEW.platforms, NEW.merchants));
        RETURN NEW;
      END $$;
      CREATE TRIGGER api_keys_tenant BEFORE INSERT ON api_keys FOR EACH ROW EXECUTE FUNCTION set_tenant_of_key();

      WITH RECURSIVE known AS (
        SELECT k.id, tenant_of_limits(k.platforms, k.merchants) AS tenant FROM api_keys k LEFT JOIN api_keys i ON i.id = k.created_by
        WHERE (k.platforms IS NOT NULL OR k.merchants IS NOT NULL) AND i.platforms IS NULL AND i.merchants IS NULL
        UNION ALL
        SELECT k.id, known.tenant FROM known JOIN api_keys k ON k.created_by = known.id
      )
      UPDATE api_keys k SET tenant = known.tenant FROM known WHERE known.id = k.id;

      ALTER TABLE api_keys ADD CONSTRAINT api_keys_tenant_check
        CHECK ((tenant IS NULL) = (platforms IS NULL AND merchants IS NULL));
      CREATE INDEX api_keys_tenant_idx ON api_keys (tenant) WHERE tenant IS NOT NULL;

      -- Of the provider's keys each counts for itself.
      CREATE FUNCTION keys_counted_with(key uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
        SELECT key UNION SELECT k.id FROM api_keys k JOIN api_keys own ON own.tenant = k.tenant WHERE own.id = key
      $$;

      -- For counts alone, hence the second condition, which always holds: where statistics say that nothing is open, a walk over all
      -- that is open looks as cheap as a look into the index of open targets, and a takedown would take it for each of its lines.
      CREATE INDEX deletions_requested_idx ON deletions (requested_by, merchant_id)
        WHERE finished_at IS NULL AND created_at > '-infinity';
    `);
  }

  down(): Promise<void> {
    return Promise.reject(new Error('Migrations go forward only: restore a backup instead.'));
  }
}
