import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/api";
import { applyEdit, type Edit, type Goal } from "../src/model";
import { delayAfter, GoalSession, type SaveState } from "../src/session";
import { emptyGoal } from "./goal";

/** Keeps one goal as the API does, and fails when a test wants it. */
class FakeApi {
  failures: ApiError[] = [];
  requests = 0;

  constructor(public kept: Goal) {}

  async get(): Promise<Goal> {
    return this.kept;
  }

  async replace(goal: Goal): Promise<Goal> {
    this.requests += 1;
    const failure = this.failures.shift();
    if (failure) throw failure;
    if (goal.version !== this.kept.version) throw new ApiError(409, "conflict", "changed");
    this.kept = { ...goal, version: goal.version + 1 };
    return this.kept;
  }

  /** Somebody else changes the goal. */
  changeElsewhere(edit: Edit): void {
    this.kept = { ...applyEdit(this.kept, edit), version: this.kept.version + 1 };
  }
}

const action = (index: number, title: string): Edit => ({
  kind: "action",
  subGoal: 0,
  action: index,
  title,
});
const unreachable = new ApiError(0, "unreachable", "no answer");

describe("a session", () => {
  let api: FakeApi;
  let session: GoalSession;
  let states: SaveState[];

  beforeEach(() => {
    vi.useFakeTimers();
    api = new FakeApi(emptyGoal());
    states = [];
    session = new GoalSession(api.kept, api, (_, state) => states.push(state));
  });
  afterEach(() => void vi.useRealTimers());

  const titles = (goal: Goal) => goal.sub_goals[0]?.actions.slice(0, 2).map((a) => a.title);

  it("shows an edit at once and saves it a moment later", async () => {
    session.edit(action(0, "Run"));
    expect(titles(session.goal)).toEqual(["Run", ""]);
    expect(api.requests).toBe(0);
    await vi.advanceTimersByTimeAsync(250);
    expect(titles(api.kept)).toEqual(["Run", ""]);
    expect(states).toEqual(["saving", "saved"]);
    expect(session.isSaved).toBe(true);
  });

  it("saves quick edits with one request", async () => {
    session.edit(action(0, "Run"));
    session.edit(action(1, "Swim"));
    await vi.runAllTimersAsync();
    expect(titles(api.kept)).toEqual(["Run", "Swim"]);
    expect(api.requests).toBe(1);
  });

  it("saves edits that are made while it saves", async () => {
    session.edit(action(0, "Run"));
    const saving = session.flush();
    session.edit(action(1, "Swim"));
    await saving;
    expect(titles(session.goal)).toEqual(["Run", "Swim"]);
    await vi.runAllTimersAsync();
    expect(titles(api.kept)).toEqual(["Run", "Swim"]);
    expect(states.at(-1)).toBe("saved");
  });

  it("makes its edits again on what somebody else saved first", async () => {
    api.changeElsewhere(action(1, "Theirs"));
    session.edit(action(0, "Mine"));
    await vi.runAllTimersAsync();
    expect(titles(api.kept)).toEqual(["Mine", "Theirs"]);
    expect(session.goal).toEqual(api.kept);
    expect(states.at(-1)).toBe("merged");
  });

  it("keeps trying when somebody else is faster every time", async () => {
    const conflict = new ApiError(409, "conflict", "changed");
    api.failures = [conflict, conflict, conflict];
    session.edit(action(0, "Mine"));
    await vi.runAllTimersAsync();
    expect(titles(api.kept)).toEqual(["Mine", ""]);
    expect(session.isSaved).toBe(true);
  });

  it("keeps edits while the server can't be reached, and sends them when it can", async () => {
    api.failures = [unreachable, new ApiError(503, "database_unavailable", "later")];
    session.edit(action(0, "Run"));
    await vi.advanceTimersByTimeAsync(250);
    expect(states.at(-1)).toBe("waiting");
    expect(titles(session.goal)).toEqual(["Run", ""]);
    await vi.runAllTimersAsync();
    expect(titles(api.kept)).toEqual(["Run", ""]);
    expect(states.at(-1)).toBe("saved");
  });

  it("does nothing twice when an answer was lost", async () => {
    const replace = api.replace.bind(api);
    api.replace = async (goal) => {
      api.replace = replace;
      await replace(goal);
      throw unreachable;
    };
    session.edit(action(0, "Run"));
    await vi.runAllTimersAsync();
    expect(titles(api.kept)).toEqual(["Run", ""]);
    expect(session.goal).toEqual(api.kept);
  });

  it("gives up what the server refuses, and shows what it has", async () => {
    api.failures = [new ApiError(400, "invalid", "no")];
    session.edit(action(0, "Run"));
    await vi.runAllTimersAsync();
    expect(titles(session.goal)).toEqual(["", ""]);
    expect(states.at(-1)).toBe("refused");
  });

  it("notices that the goal was deleted", async () => {
    api.failures = [new ApiError(404, "not_found", "gone")];
    session.edit(action(0, "Run"));
    await vi.runAllTimersAsync();
    expect(states.at(-1)).toBe("deleted");
    expect(session.isSaved).toBe(true);
  });

  it("waits longer after every failure, up to 15 seconds", () => {
    expect([0, 1, 2, 9].map(delayAfter)).toEqual([250, 1000, 2000, 15_000]);
  });
});
