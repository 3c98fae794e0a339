/**
 * One open goal: shows edits at once, saves them meanwhile, and loses none.
 *
 * `base` is what the server has, `edits` what it doesn't have yet; the page shows both together.
 * When somebody else saved first, the edits are made again on top of what they saved.
 */

import { ApiError, type Api } from "./api";
import { applyEdit, type Edit, type Goal } from "./model";

export type SaveState = "saved" | "saving" | "merged" | "waiting" | "refused" | "deleted";

export class GoalSession {
  private edits: Edit[] = [];
  private saving = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;

  constructor(
    private base: Goal,
    private readonly api: Pick<Api, "get" | "replace">,
    private readonly onChange: (goal: Goal, state: SaveState) => void,
    private readonly delay: (failures: number) => number = delayAfter,
  ) {}

  /** The goal as the page shows it. */
  get goal(): Goal {
    return this.edits.reduce(applyEdit, this.base);
  }

  /** Whether the server has everything. */
  get isSaved(): boolean {
    return this.edits.length === 0;
  }

  /** Make an edit: seen at once, saved soon. */
  edit(edit: Edit): void {
    this.edits.push(edit);
    this.onChange(this.goal, "saving");
    this.schedule();
  }

  /** Save now what waits, for example because the connection is back or the page goes away. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.saving || this.isSaved) return;
    this.saving = true;
    const count = this.edits.length;
    const state = await this.save(count).finally(() => (this.saving = false));
    this.onChange(this.goal, this.isSaved || state === "waiting" ? state : "saving");
    if (!this.isSaved) this.schedule();
  }

  private schedule(): void {
    this.timer ??= setTimeout(() => void this.flush(), this.delay(this.failures));
  }

  private async save(count: number): Promise<SaveState> {
    try {
      const merged = await this.send(count);
      this.edits.splice(0, count);
      this.failures = 0;
      return merged ? "merged" : "saved";
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.passing || error.status === 409) {
        this.failures += 1;
        return "waiting";
      }
      // No repetition would help, so the edits go; the page shows what the server has.
      this.edits = [];
      return error.status === 404 ? "deleted" : "refused";
    }
  }

  /** Send the first `count` edits; returns whether they were made on somebody else's change. */
  private async send(count: number): Promise<boolean> {
    const edits = this.edits.slice(0, count);
    try {
      this.base = await this.api.replace(edits.reduce(applyEdit, this.base));
      return false;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 409) throw error;
    }
    this.base = await this.api.get(this.base.id);
    this.base = await this.api.replace(edits.reduce(applyEdit, this.base));
    return true;
  }
}

/** A moment for the next keystroke; after failures longer and longer, up to 15 seconds. */
export function delayAfter(failures: number): number {
  return failures === 0 ? 250 : Math.min(15_000, 500 * 2 ** failures);
}
