/** What a goal is, how it is changed, and how far it is. Pure: no page, no network. */

export interface Action {
  title: string;
  done: boolean;
}

export interface SubGoal {
  title: string;
  actions: Action[];
}

export interface Progress {
  done: number;
  total: number;
  percent: number;
}

export interface Goal {
  id: string;
  title: string;
  version: number;
  sub_goals: SubGoal[];
}

export interface GoalSummary {
  id: string;
  title: string;
  version: number;
  progress: Progress;
}

/** One change to one cell. Small, so that it can be made again on a goal that others changed. */
export type Edit =
  | { kind: "goal"; title: string }
  | { kind: "sub-goal"; subGoal: number; title: string }
  | { kind: "action"; subGoal: number; action: number; title: string }
  | { kind: "done"; subGoal: number; action: number; done: boolean };

/** The same limit as the API's. */
export const LONGEST_TITLE = 120;

/** A title as the API would keep it: one line, no control characters, not too long. */
export function cleanTitle(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cs}]+/gu, " ").trim();
  return [...line].slice(0, LONGEST_TITLE).join("").trim();
}

/** The goal with the edit made. An emptied goal title is no change; an emptied action isn't done. */
export function applyEdit(goal: Goal, edit: Edit): Goal {
  if (edit.kind === "goal") {
    return { ...goal, title: cleanTitle(edit.title) || goal.title };
  }
  const sub_goals = goal.sub_goals.map((subGoal, index) =>
    index === edit.subGoal ? applyToSubGoal(subGoal, edit) : subGoal,
  );
  return { ...goal, sub_goals };
}

function applyToSubGoal(subGoal: SubGoal, edit: Exclude<Edit, { kind: "goal" }>): SubGoal {
  if (edit.kind === "sub-goal") {
    return { ...subGoal, title: cleanTitle(edit.title) };
  }
  const actions = subGoal.actions.map((action, index) => {
    if (index !== edit.action) return action;
    if (edit.kind === "done") return { ...action, done: edit.done && action.title !== "" };
    const title = cleanTitle(edit.title);
    return { title, done: action.done && title !== "" };
  });
  return { ...subGoal, actions };
}

/** How far some actions are; empty cells don't count, and only all done is 100 per cent. */
export function progressOf(actions: Action[]): Progress {
  const named = actions.filter((action) => action.title !== "");
  const done = named.filter((action) => action.done).length;
  const total = named.length;
  return { done, total, percent: Math.floor((done * 100) / Math.max(total, 1)) };
}

/** How far the whole goal is. */
export function goalProgress(goal: Goal): Progress {
  return progressOf(goal.sub_goals.flatMap((subGoal) => subGoal.actions));
}
