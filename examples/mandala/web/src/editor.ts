/** Editing a cell's text in place. Loaded when somebody edits for the first time. */

import "./editor.css";
import { make } from "./dom";
import { LONGEST_TITLE } from "./model";

/** Open an editor over the cell; `onDone` gets the new text, unless the edit is given up. */
export function openEditor(cell: HTMLElement, text: string, onDone: (text: string) => void): void {
  const area = make("textarea", {
    class: "editor",
    "data-testid": "editor",
    "aria-label": "Text of the cell",
    maxlength: LONGEST_TITLE,
    rows: 3,
  });
  area.value = text;
  let open = true;

  const close = (keep: boolean): void => {
    if (!open) return;
    open = false;
    const hadFocus = document.activeElement === area;
    area.remove();
    cell.classList.remove("editing");
    if (keep && area.value !== text) onDone(area.value);
    // Back to the cell, so that arrow keys go on; but not when the focus has gone elsewhere.
    if (hadFocus) cell.querySelector<HTMLElement>(".label")?.focus();
  };

  area.addEventListener("keydown", (event) => {
    // While an input method composes, Enter and Escape belong to it.
    if (event.isComposing) return;
    if (event.key === "Enter") close(true);
    else if (event.key === "Escape") close(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  area.addEventListener("blur", () => close(true));
  cell.classList.add("editing");
  cell.append(area);
  area.focus();
  area.select();
}
