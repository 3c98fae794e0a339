import type { Goal } from "../src/model";

export function emptyGoal(): Goal {
  const actions = Array.from({ length: 8 }, () => ({ title: "", done: false }));
  const sub_goals = Array.from({ length: 8 }, () => ({ title: "", actions }));
  return { id: "id-1", title: "Goal", version: 1, sub_goals };
}
