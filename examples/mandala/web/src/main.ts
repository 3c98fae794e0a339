/** The page: goals on the left, the chart in the middle, progress on the right. */

import "./style.css";
import { ApiError, HttpApi } from "./api";
import { Chart, titleOf } from "./chart";
import { part } from "./dom";
import { GoalList } from "./goals";
import type { CellContent } from "./layout";
import { goalProgress, type Edit, type Goal, type GoalSummary, type SubGoal } from "./model";
import type { ProgressPanel } from "./progress";
import { showApiRelease, showPageRelease } from "./release";
import { GoalSession, type SaveState } from "./session";
import { problem, welcome } from "./stage";

const SAVING: Record<SaveState, string> = {
  saved: "Saved",
  saving: "Saving…",
  merged: "Saved, with changes by somebody else",
  waiting: "Not saved yet – trying again",
  refused: "That change was refused",
  deleted: "Somebody else deleted this goal",
};

const api = new HttpApi(showApiRelease);
const stage = part("stage");
const list = new GoalList(part("goals"), {
  select: (id) => void navigate(id),
  create: (title) => void guarded(() => create(title)),
  rename: () => chart?.renameGoal(),
  remove: (goal) => void guarded(() => remove(goal)),
});

let goals: GoalSummary[] = [];
/** The goal that was asked for last: answers for others come too late. */
let wanted: string | undefined;
let session: GoalSession | undefined;
let chart: Chart | undefined;
let panel: ProgressPanel | undefined;

/** Do something that needs the API; when it fails, show why and offer to load everything anew. */
async function guarded(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    close();
    stage.replaceChildren(problem(error.message, "Try again", () => void guarded(load)));
  }
}

/** Load the list, and open the goal that the address names, or else the first. */
async function load(): Promise<void> {
  goals = await api.list();
  const named = location.pathname.match(/^\/goals\/([^/]+)$/)?.[1];
  const id = goals.find((goal) => goal.id === named)?.id ?? goals[0]?.id;
  if (id) return open(id);
  close();
  history.replaceState(null, "", "/");
  stage.replaceChildren(welcome(() => void guarded(createExample)));
}

async function navigate(id: string): Promise<void> {
  history.pushState(null, "", `/goals/${id}`);
  await guarded(() => open(id));
}

async function open(id: string): Promise<void> {
  // What the last goal has not saved goes on meanwhile.
  void session?.flush();
  wanted = id;
  const goal = await api.get(id);
  if (wanted !== id) return;
  const opened = new GoalSession(goal, api, (now, state) => {
    if (session === opened) show(now, state);
  });
  session = opened;
  chart = new Chart(goal, {
    edit: (content, cell) => void edit(content, cell),
    tick: (subGoal, action, done) => opened.edit({ kind: "done", subGoal, action, done }),
    show: (block) => panel?.show(block),
  });
  stage.replaceChildren(chart.element);
  history.replaceState(null, "", `/goals/${id}`);
  show(goal, "saved");
  part("saving").textContent = "";
}

function close(): void {
  wanted = undefined;
  session = undefined;
  chart = undefined;
  part("goal-title").textContent = "";
  part("progress").replaceChildren();
  list.update(goals, undefined);
}

function show(goal: Goal, state: SaveState): void {
  const { id, title, version } = goal;
  const summary = { id, title, version, progress: goalProgress(goal) };
  goals = goals.map((known) => (known.id === id ? summary : known));
  list.update(goals, id);
  part("goal-title").textContent = title;
  document.title = `${title} · Mandala`;
  part("saving").textContent = SAVING[state];
  part("saving").dataset.state = state;
  chart?.update(goal);
  void showProgress();
  if (state === "deleted") void guarded(load);
}

async function showProgress(): Promise<void> {
  const { ProgressPanel } = await import("./progress");
  panel ??= new ProgressPanel(part("progress"), (block) => chart?.focusBlock(block));
  if (session) panel.update(session.goal);
}

async function edit(content: CellContent, cell: HTMLElement): Promise<void> {
  const { openEditor } = await import("./editor");
  const current = session;
  if (!current || cell.classList.contains("editing")) return;
  openEditor(cell, titleOf(current.goal, content), (title) => {
    current.edit({ ...content, title } as Edit);
  });
}

async function create(title: string, subGoals?: SubGoal[]): Promise<void> {
  const goal = await api.create(title, subGoals);
  goals = [...goals, { ...goal, progress: goalProgress(goal) }];
  await navigate(goal.id);
}

async function createExample(): Promise<void> {
  const { title, subGoals } = await import("./example");
  await create(title, subGoals);
}

async function remove(goal: GoalSummary): Promise<void> {
  try {
    await api.remove(goal.id);
  } catch (error) {
    // Gone already is as good as deleted.
    if (!(error instanceof ApiError && error.status === 404)) throw error;
  }
  session = undefined;
  await load();
}

// A part of the page that can't be loaded: offline, or the page is older than what is kept.
window.addEventListener("vite:preloadError", () => {
  close();
  stage.replaceChildren(
    problem("A part of this page can't be loaded.", "Reload the page", () => location.reload()),
  );
});
window.addEventListener("popstate", () => void guarded(load));
window.addEventListener("online", () => void session?.flush());
document.addEventListener("visibilitychange", () => void session?.flush());
window.addEventListener("beforeunload", (event) => {
  if (session && !session.isSaved) event.preventDefault();
});

void showPageRelease();
void guarded(load);
