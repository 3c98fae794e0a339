// migrate/database.mjs
import { readFileSync } from "node:fs";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import pg from "pg";

// Any number that nothing else in this database uses.
const LOCK = 6_312_026_082;

// The lowest schema that code may be made for, and still works. A migration that removes something raises it.
export const COMPATIBLE_WITH = 0;

export async function settings() {
  const { DATABASE_HOST, DATABASE_PORT, DATABASE_NAME, DATABASE_SECRET_ARN } = process.env;
  const secret = await new SecretsManagerClient().send(
    new GetSecretValueCommand({ SecretId: DATABASE_SECRET_ARN }),
  );
  const { username, password } = JSON.parse(secret.SecretString);
  return {
    host: DATABASE_HOST,
    port: Number(DATABASE_PORT),
    database: DATABASE_NAME,
    user: username,
    password,
    ssl: { ca: readFileSync(new URL("ca.pem", import.meta.url)) },
    lock_timeout: 5_000, // rather fail than make users wait behind this migration
    statement_timeout: 840_000, // ends before the function does
  };
}

// Runs `work` alone: another migration fails after `lock_timeout`. The lock ends with the connection.
export async function alone(work) {
  const client = new pg.Client(await settings());
  await client.connect();
  try {
    await client.query("SELECT pg_advisory_lock($1)", [LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}
