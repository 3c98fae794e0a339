/** The progress panel: the whole goal, and each block, in the chart's order. A chunk of its own. */

import "./progress.css";
import { make } from "./dom";
import { around, CENTRE } from "./layout";
import { goalProgress, progressOf, type Goal, type Progress } from "./model";
import { ring } from "./ring";

export class ProgressPanel {
  private shown = CENTRE;

  constructor(
    private readonly element: HTMLElement,
    private readonly onSelect: (block: number) => void,
  ) {}

  /** Show how far the goal and its blocks are. */
  update(goal: Goal): void {
    const blocks = Array.from({ length: 9 }, (_, block) => this.item(goal, block));
    this.element.replaceChildren(make("h2", {}, "Progress"), make("ol", {}, ...blocks));
    this.show(this.shown);
  }

  /** Mark the block that the chart has in front. */
  show(block: number): void {
    this.shown = block;
    this.element.querySelectorAll("li").forEach((item, index) => {
      item.classList.toggle("shown", index === block);
    });
  }

  private item(goal: Goal, block: number): HTMLElement {
    const subGoal = block === CENTRE ? undefined : goal.sub_goals[around(block)];
    const title = subGoal ? subGoal.title || `Sub-goal ${around(block) + 1}` : goal.title;
    const progress = subGoal ? progressOf(subGoal.actions) : goalProgress(goal);
    const name = subGoal ? `block-progress-${block}` : "overall-progress";
    const button = make(
      "button",
      { type: "button", "data-testid": name, "aria-label": `${title}: ${spoken(progress)}` },
      make("span", { class: "dial" }, ring(progress.percent), make("b", {}, `${progress.percent}%`)),
      make("span", { class: "what" }, title),
      make("span", { class: "count" }, `${progress.done} / ${progress.total}`),
    );
    button.addEventListener("click", () => this.onSelect(block));
    const kind = subGoal ? "part" : "whole";
    return make("li", { class: `${kind} hue-${block}` }, button);
  }
}

function spoken({ done, total, percent }: Progress): string {
  return `${done} of ${total} done, ${percent} %`;
}
