/** The list of goals: choose, add, rename, delete. */

import { make } from "./dom";
import { cleanTitle, LONGEST_TITLE, type GoalSummary } from "./model";
import { ring } from "./ring";

export interface GoalEvents {
  select(id: string): void;
  create(title: string): void;
  rename(): void;
  remove(goal: GoalSummary): void;
}

export class GoalList {
  private readonly list = make("ul");

  constructor(
    element: HTMLElement,
    private readonly events: GoalEvents,
  ) {
    element.replaceChildren(make("h2", {}, "Goals"), this.list, this.makeForm());
  }

  /** Show the goals, one of them chosen. */
  update(goals: GoalSummary[], selected: string | undefined): void {
    this.list.replaceChildren(...goals.map((goal) => this.item(goal, goal.id === selected)));
  }

  private item(goal: GoalSummary, selected: boolean): HTMLElement {
    const choose = make(
      "button",
      { type: "button", class: "choose", "data-testid": "goal", "aria-current": selected },
      ring(goal.progress.percent),
      make("span", {}, goal.title),
    );
    choose.addEventListener("click", () => this.events.select(goal.id));
    const item = make("li", { class: selected ? "selected" : "" }, choose);
    if (selected) item.append(this.tool("Rename", "✎", () => this.events.rename()));
    if (selected) item.append(this.tool("Delete", "✕", () => this.confirmRemoval(goal)));
    return item;
  }

  private tool(name: string, sign: string, onClick: () => void): HTMLElement {
    const button = make(
      "button",
      { type: "button", class: "tool", title: name, "aria-label": name, "data-testid": name.toLowerCase() },
      sign,
    );
    button.addEventListener("click", onClick);
    return button;
  }

  private makeForm(): HTMLElement {
    const field = make("input", {
      name: "title",
      placeholder: "New goal",
      "aria-label": "New goal",
      maxlength: LONGEST_TITLE,
      autocomplete: "off",
      "data-testid": "new-goal",
    });
    const form = make("form", {}, field, make("button", { "aria-label": "Add the goal" }, "+"));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const title = cleanTitle(field.value);
      if (!title) return field.focus();
      field.value = "";
      this.events.create(title);
    });
    return form;
  }

  private confirmRemoval(goal: GoalSummary): void {
    const dialog = make(
      "dialog",
      { class: "dialog" },
      make(
        "form",
        { method: "dialog" },
        make("h2", {}, "Delete this goal?"),
        make("p", {}, `“${goal.title}” goes with all its actions. This can't be undone.`),
        make(
          "p",
          { class: "buttons" },
          make("button", { value: "keep" }, "Keep it"),
          make("button", { value: "delete", class: "danger", "data-testid": "confirm-delete" }, "Delete"),
        ),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue === "delete") this.events.remove(goal);
    });
    document.body.append(dialog);
    dialog.showModal();
  }
}
