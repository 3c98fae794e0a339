/** A progress ring. Drawn with attributes only: the content security policy forbids inline style. */

import { makeSvg } from "./dom";

export function ring(percent: number): SVGElement {
  // A circumference of 100 makes the dash the percentage.
  const circle = { cx: 18, cy: 18, r: 15.9155, fill: "none", "stroke-width": 4 };
  return makeSvg(
    "svg",
    { class: "ring", viewBox: "0 0 36 36", "aria-hidden": "true" },
    makeSvg("circle", { ...circle, class: "ring-track" }),
    makeSvg("circle", {
      ...circle,
      class: "ring-done",
      "stroke-dasharray": `${percent} 100`,
      "stroke-linecap": percent > 0 ? "round" : "butt",
      transform: "rotate(-90 18 18)",
    }),
  );
}
