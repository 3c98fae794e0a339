/** What the stage shows when there is no chart: a welcome, or a problem. */

import emptyUrl from "./assets/empty.svg";
import { make } from "./dom";

/** No goal yet. */
export function welcome(onExample: () => void): HTMLElement {
  const button = make("button", { type: "button", class: "primary", "data-testid": "example" }, "Try an example");
  button.addEventListener("click", onExample);
  return make(
    "div",
    { class: "message", "data-testid": "welcome" },
    make("img", { src: emptyUrl, alt: "", width: 200, height: 200 }),
    make("h2", {}, "One goal. Eight sub-goals. Sixty-four actions."),
    make("p", {}, "Write what you want in the centre, and work your way outwards."),
    button,
  );
}

/** Something failed; the way on is one button. */
export function problem(text: string, way: string, onWay: () => void): HTMLElement {
  const button = make("button", { type: "button", class: "primary" }, way);
  button.addEventListener("click", onWay);
  return make(
    "div",
    { class: "message", role: "alert", "data-testid": "problem" },
    make("h2", {}, "That didn't work"),
    make("p", {}, text),
    button,
  );
}
