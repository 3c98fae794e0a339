export const up = (db) => db.schema.createTable("goals", (table) => table.text("title").notNullable());
export const down = () => {
  throw new Error("no way back: write a new migration");
};
