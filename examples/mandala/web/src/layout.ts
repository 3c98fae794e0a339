/** Where things are on the chart: nine blocks of nine cells, each read row by row. */

export const CENTRE = 4;

/** What a cell shows; sub-goals are shown twice: around the goal, and amid their actions. */
export type CellContent =
  | { kind: "goal" }
  | { kind: "sub-goal"; subGoal: number }
  | { kind: "action"; subGoal: number; action: number };

/** Which of the eight around a centre lies at this of nine places. */
export function around(place: number): number {
  return place < CENTRE ? place : place - 1;
}

/** At which of nine places the n-th of the eight around a centre lies. */
export function placeOf(index: number): number {
  return index < CENTRE ? index : index + 1;
}

/** What is at this place of this block. */
export function contentAt(block: number, place: number): CellContent {
  if (block === CENTRE) {
    return place === CENTRE ? { kind: "goal" } : { kind: "sub-goal", subGoal: around(place) };
  }
  const subGoal = around(block);
  return place === CENTRE
    ? { kind: "sub-goal", subGoal }
    : { kind: "action", subGoal, action: around(place) };
}

/** The cell that an arrow key leads to, on the chart of nine by nine; stops at the edge. */
export function step(block: number, place: number, key: string): [number, number] {
  const [dx, dy] = MOVES[key] ?? [0, 0];
  const x = clamp((block % 3) * 3 + (place % 3) + dx);
  const y = clamp(Math.floor(block / 3) * 3 + Math.floor(place / 3) + dy);
  return [Math.floor(y / 3) * 3 + Math.floor(x / 3), (y % 3) * 3 + (x % 3)];
}

const MOVES: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function clamp(coordinate: number): number {
  return Math.min(8, Math.max(0, coordinate));
}
