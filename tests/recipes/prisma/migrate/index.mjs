// migrate/index.mjs
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { alone, COMPATIBLE_WITH } from "./database.mjs";

const FOLDER = new URL("migrations/", import.meta.url);
// As Prisma makes it, so that `prisma migrate` goes on to work with this database.
const TABLE = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id varchar(36) PRIMARY KEY NOT NULL,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(),
  applied_steps_count integer NOT NULL DEFAULT 0
)`;

export const handler = () =>
  alone(async (client) => {
    await client.query(TABLE);
    const { rows } = await client.query(
      "SELECT migration_name, checksum, finished_at FROM _prisma_migrations WHERE rolled_back_at IS NULL",
    );
    const known = new Map(rows.map((row) => [row.migration_name, row]));
    const applied = [];
    for (const { name, sql, checksum } of load()) {
      const row = known.get(name);
      if (row && !row.finished_at) {
        throw new Error(`${name} was interrupted: look at the database, then run prisma migrate resolve`);
      }
      if (row && row.checksum !== checksum) {
        throw new Error(`${name} was changed after it had been applied: add a new migration`);
      }
      if (!row) {
        await apply(client, name, sql, checksum);
        applied.push(name);
      }
    }
    return { schema: known.size + applied.length, compatible_with: COMPATIBLE_WITH, applied };
  });

function load() {
  const names = readdirSync(FOLDER).sort().filter((name) => existsSync(new URL(`${name}/migration.sql`, FOLDER)));
  return names.map((name) => {
    const sql = readFileSync(new URL(`${name}/migration.sql`, FOLDER));
    return { name, sql: sql.toString(), checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

async function apply(client, name, sql, checksum) {
  const id = randomUUID();
  await client.query("INSERT INTO _prisma_migrations (id, migration_name, checksum) VALUES ($1, $2, $3)", [
    id,
    name,
    checksum,
  ]);
  try {
    // PostgreSQL runs the statements of one query as a transaction: all or none.
    await client.query(sql);
  } catch (error) {
    await client.query("DELETE FROM _prisma_migrations WHERE id = $1", [id]);
    throw new Error(`${name}: ${error.message}`);
  }
  await client.query(
    "UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1",
    [id],
  );
}
