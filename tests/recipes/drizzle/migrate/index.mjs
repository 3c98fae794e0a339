// migrate/index.mjs
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { migrate } from "drizzle-orm/node-postgres/migrator";
import { alone, COMPATIBLE_WITH } from "./database.mjs";

const migrationsFolder = fileURLToPath(new URL("migrations", import.meta.url));

export const handler = () =>
  alone(async (client) => {
    const before = await count(client);
    await migrate(drizzle(client), { migrationsFolder });
    const schema = await count(client);
    const { entries } = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, "utf8"));
    if (schema < entries.length) {
      throw new Error("Drizzle skipped a migration that is older than the last applied one: generate it again");
    }
    const applied = entries.slice(before).map((entry) => entry.tag);
    return { schema, compatible_with: COMPATIBLE_WITH, applied };
  });

async function count(client) {
  const { rows } = await client.query("SELECT to_regclass('drizzle.__drizzle_migrations') AS made");
  if (!rows[0].made) return 0;
  return (await client.query("SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations")).rows[0].n;
}
