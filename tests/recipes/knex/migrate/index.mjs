// migrate/index.mjs
import { fileURLToPath } from "node:url";
import knex from "knex";
import { alone, COMPATIBLE_WITH, settings } from "./database.mjs";

const migrations = {
  directory: fileURLToPath(new URL("migrations", import.meta.url)),
  loadExtensions: [".mjs"],
};

export const handler = () =>
  alone(async (client) => {
    const db = knex({ client: "pg", connection: settings, pool: { min: 0, max: 1 }, migrations });
    try {
      // Nobody else migrates now, so this row is of a function that died.
      await db.migrate.forceFreeMigrationsLock();
      const [, applied] = await db.migrate.latest();
      const { rows } = await client.query("SELECT count(*)::int AS schema FROM knex_migrations");
      return { schema: rows[0].schema, compatible_with: COMPATIBLE_WITH, applied };
    } finally {
      await db.destroy();
    }
  });
