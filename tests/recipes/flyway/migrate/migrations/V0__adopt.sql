-- migrate/migrations/V0__adopt.sql: what Flyway has applied already is not applied again.
DO $$ BEGIN
  IF to_regclass('flyway_schema_history') IS NOT NULL THEN
    INSERT INTO schema_migrations (name)
    SELECT regexp_replace(script, '^.*/|\.sql$', '', 'g') FROM flyway_schema_history WHERE success AND type = 'SQL';
  END IF;
END $$;
