/** The chart on the page: built once for a goal, then kept up to date cell by cell. */

import { make } from "./dom";
import { CENTRE, contentAt, step, type CellContent } from "./layout";
import { goalProgress, progressOf, type Goal } from "./model";
import { ring } from "./ring";

export interface ChartEvents {
  edit(content: CellContent, cell: HTMLElement): void;
  tick(subGoal: number, action: number, done: boolean): void;
  show(block: number): void;
}

interface Cell {
  content: CellContent;
  block: number;
  place: number;
  element: HTMLElement;
  label: HTMLButtonElement;
  /** The tick of an action; the ring of anything that has progress. */
  mark: HTMLElement;
}

export class Chart {
  readonly element = make("div", { class: "chart", "data-testid": "chart" });
  private readonly cells: Cell[] = [];
  private readonly blocks: HTMLElement[] = [];

  constructor(
    private goal: Goal,
    private readonly events: ChartEvents,
  ) {
    for (let block = 0; block < 9; block += 1) {
      const element = make("section", { class: `block hue-${block}`, "data-testid": `block-${block}` });
      for (let place = 0; place < 9; place += 1) element.append(this.makeCell(block, place));
      this.blocks.push(element);
      this.element.append(element);
    }
    this.element.addEventListener("keydown", (event) => this.onKey(event));
    this.update(goal);
    this.select(CENTRE, CENTRE);
  }

  /** Show the goal as it is now. */
  update(goal: Goal): void {
    this.goal = goal;
    this.cells.forEach((cell) => this.updateCell(cell));
    this.blocks.forEach((block, index) => {
      const content = contentAt(index, CENTRE);
      block.setAttribute("aria-label", titleOf(goal, content) || kindOf(content));
    });
  }

  /** Bring a block to front; narrow screens show one at a time. */
  showBlock(block: number): void {
    this.blocks.forEach((element, index) => element.classList.toggle("shown", index === block));
    this.events.show(block);
  }

  /** Bring a block to front and put the focus in its middle. */
  focusBlock(block: number): void {
    this.select(block, CENTRE);
    this.at(block, CENTRE).label.focus();
  }

  /** Open the editor on the goal's own cell. */
  renameGoal(): void {
    this.select(CENTRE, CENTRE);
    this.at(CENTRE, CENTRE).label.click();
  }

  private makeCell(block: number, place: number): HTMLElement {
    const content = contentAt(block, place);
    const label = make("button", { type: "button", class: "label", tabindex: -1 });
    const mark =
      content.kind === "action"
        ? make("button", { type: "button", class: "tick", role: "checkbox", tabindex: -1 })
        : make("span", { class: "mark" });
    if (content.kind === "action") mark.dataset.testid = `tick-${block}-${place}`;
    const element = make(
      "div",
      { class: `cell ${content.kind}`, "data-testid": `cell-${block}-${place}` },
      label,
      mark,
    );
    // On the chart's centre block every sub-goal wears the colour of its own block.
    if (block === CENTRE) element.classList.add(`hue-${place}`);
    const cell = { content, block, place, element, label, mark };
    this.cells.push(cell);
    label.addEventListener("click", () => this.events.edit(content, element));
    label.addEventListener("focus", () => this.select(block, place));
    if (content.kind === "action") mark.addEventListener("click", () => this.toggle(cell));
    return element;
  }

  private updateCell({ content, element, label, mark }: Cell): void {
    const title = titleOf(this.goal, content);
    if (label.textContent !== title) label.textContent = title;
    label.title = title;
    element.classList.toggle("empty", title === "");
    if (content.kind === "action") {
      const done = actionAt(this.goal, content).done;
      element.classList.toggle("done", done);
      label.setAttribute("aria-label", `${title || "Empty action"}${done ? ", done" : ""}`);
      mark.setAttribute("aria-checked", String(done));
      mark.setAttribute("aria-label", `Done: ${title}`);
    } else {
      const { percent } = progressAt(this.goal, content);
      label.setAttribute("aria-label", `${title || kindOf(content)}, ${percent} %`);
      element.classList.toggle("complete", percent === 100);
      if (mark.dataset.percent !== String(percent)) {
        mark.dataset.percent = String(percent);
        mark.replaceChildren(ring(percent), make("span", {}, `${percent}%`));
      }
    }
  }

  private onKey(event: KeyboardEvent): void {
    const cell = this.cells.find(({ label }) => label === event.target);
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key.startsWith("Arrow")) {
      const [block, place] = step(cell.block, cell.place, event.key);
      this.select(block, place);
      this.at(block, place).label.focus();
    } else if (event.key === " ") {
      this.toggle(cell);
    } else if (event.key === "F2") {
      cell.label.click();
    } else {
      return;
    }
    event.preventDefault();
  }

  private toggle({ content }: Cell): void {
    if (content.kind !== "action") return;
    const { title, done } = actionAt(this.goal, content);
    if (title) this.events.tick(content.subGoal, content.action, !done);
  }

  /** One cell at a time can be reached with Tab; arrows go on from there. */
  private select(block: number, place: number): void {
    this.cells.forEach(({ label }) => (label.tabIndex = -1));
    this.at(block, place).label.tabIndex = 0;
    this.showBlock(block);
  }

  private at(block: number, place: number): Cell {
    return this.cells[block * 9 + place] as Cell;
  }
}

/** The text of a cell. */
export function titleOf(goal: Goal, content: CellContent): string {
  if (content.kind === "goal") return goal.title;
  if (content.kind === "action") return actionAt(goal, content).title;
  return goal.sub_goals[content.subGoal]?.title ?? "";
}

function progressAt(goal: Goal, content: CellContent) {
  if (content.kind === "goal") return goalProgress(goal);
  return progressOf(goal.sub_goals[content.subGoal]?.actions ?? []);
}

function actionAt(goal: Goal, content: CellContent) {
  const action =
    content.kind === "action" && goal.sub_goals[content.subGoal]?.actions[content.action];
  return action || { title: "", done: false };
}

function kindOf(content: CellContent): string {
  return content.kind === "sub-goal" ? `Sub-goal ${content.subGoal + 1}` : "Goal";
}
