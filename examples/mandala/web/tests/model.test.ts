import { describe, expect, it } from "vitest";
import contract from "../../contract/progress.json";
import { subGoals, title } from "../src/example";
import { around, CENTRE, contentAt, placeOf, step } from "../src/layout";
import { applyEdit, cleanTitle, goalProgress, LONGEST_TITLE, progressOf } from "../src/model";
import { emptyGoal } from "./goal";

describe("progress", () => {
  it.each(contract)("is the API's too: $why", ({ actions, progress }) => {
    const named = actions.map(([title, done]) => ({ title: title as string, done: done as boolean }));
    expect(progressOf(named)).toEqual(progress);
  });

  it("of a goal is that of all its actions", () => {
    let goal = emptyGoal();
    for (const subGoal of [0, 7]) {
      goal = applyEdit(goal, { kind: "action", subGoal, action: 0, title: "x" });
    }
    goal = applyEdit(goal, { kind: "done", subGoal: 7, action: 0, done: true });
    expect(goalProgress(goal)).toEqual({ done: 1, total: 2, percent: 50 });
  });
});

describe("an edit", () => {
  it("changes one cell and leaves the goal it was made on alone", () => {
    const before = emptyGoal();
    const copy = structuredClone(before);
    const after = applyEdit(before, { kind: "action", subGoal: 2, action: 3, title: " Run " });
    expect(after.sub_goals[2]?.actions[3]).toEqual({ title: "Run", done: false });
    expect(before).toEqual(copy);
    expect(after.sub_goals[1]).toBe(before.sub_goals[1]);
  });

  it("names sub-goals and the goal, which can't be without a name", () => {
    let goal = applyEdit(emptyGoal(), { kind: "sub-goal", subGoal: 0, title: "Speed" });
    goal = applyEdit(goal, { kind: "goal", title: "Run" });
    goal = applyEdit(goal, { kind: "goal", title: "  " });
    expect([goal.title, goal.sub_goals[0]?.title]).toEqual(["Run", "Speed"]);
  });

  it("never leaves an empty action done", () => {
    let goal = applyEdit(emptyGoal(), { kind: "done", subGoal: 0, action: 0, done: true });
    expect(goal.sub_goals[0]?.actions[0]?.done).toBe(false);
    goal = applyEdit(goal, { kind: "action", subGoal: 0, action: 0, title: "x" });
    goal = applyEdit(goal, { kind: "done", subGoal: 0, action: 0, done: true });
    goal = applyEdit(goal, { kind: "action", subGoal: 0, action: 0, title: "" });
    expect(goal.sub_goals[0]?.actions[0]).toEqual({ title: "", done: false });
  });
});

describe("a title", () => {
  it.each([
    ["  two\nlines\t", "two lines"],
    ["a\u0000b", "a b"],
    ["\ud83d", ""],
    ["目標 🎯", "目標 🎯"],
    ["x".repeat(200), "x".repeat(LONGEST_TITLE)],
  ])("is made what the API accepts: %j", (text, title) => {
    expect(cleanTitle(text)).toBe(title);
  });
});

describe("the layout", () => {
  it("shows the goal once, every sub-goal twice and every action once", () => {
    const seen = new Map<string, number>();
    for (let block = 0; block < 9; block += 1) {
      for (let place = 0; place < 9; place += 1) {
        const key = JSON.stringify(contentAt(block, place));
        seen.set(key, (seen.get(key) ?? 0) + 1);
      }
    }
    expect(seen.size).toBe(1 + 8 + 64);
    expect([...seen].filter(([key]) => key.includes("sub-goal")).every(([, n]) => n === 2)).toBe(true);
  });

  it("has a place for each of eight, and back", () => {
    for (let index = 0; index < 8; index += 1) expect(around(placeOf(index))).toBe(index);
    expect(contentAt(CENTRE, placeOf(5))).toEqual({ kind: "sub-goal", subGoal: 5 });
  });

  it("steps from block to block and stops at the edge", () => {
    expect(step(0, 2, "ArrowRight")).toEqual([1, 0]);
    expect(step(4, 7, "ArrowDown")).toEqual([7, 1]);
    expect(step(0, 0, "ArrowUp")).toEqual([0, 0]);
    expect(step(8, 8, "ArrowRight")).toEqual([8, 8]);
  });
});

describe("the example", () => {
  it("is a full chart of titles as the API keeps them", () => {
    expect(subGoals).toHaveLength(8);
    for (const subGoal of subGoals) expect(subGoal.actions).toHaveLength(8);
    const titles = [title, ...subGoals.flatMap((s) => [s.title, ...s.actions.map((a) => a.title)])];
    for (const text of titles) expect(text).toBe(cleanTitle(text));
    expect(titles.every(Boolean)).toBe(true);
  });
});
