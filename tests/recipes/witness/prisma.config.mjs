// Prisma 6.19 is the last one whose `migrate` needs no downloaded engine.
import { readFileSync } from "node:fs";
import { PrismaPg } from "@prisma/adapter-pg";

const { DATABASE_CA, DATABASE_URL } = process.env;

export default {
  schema: "prisma/schema.prisma",
  experimental: { adapter: true },
  engine: "js",
  adapter: async () => new PrismaPg({ connectionString: DATABASE_URL, ssl: { ca: readFileSync(DATABASE_CA) } }),
};
