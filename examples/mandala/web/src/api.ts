/** The API, as the page uses it. Every answer names its release. */

import type { Goal, GoalSummary, SubGoal } from "./model";

export interface Api {
  list(): Promise<GoalSummary[]>;
  get(id: string): Promise<Goal>;
  create(title: string, subGoals?: SubGoal[]): Promise<Goal>;
  replace(goal: Goal): Promise<Goal>;
  remove(id: string): Promise<void>;
}

/** A refusal by the API; status 0 when there was no answer at all. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }

  /** Whether the same request may well succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/** The API behind this page. `onRelease` is called with the release that answered. */
export class HttpApi implements Api {
  constructor(private readonly onRelease: (release: string) => void) {}

  async list(): Promise<GoalSummary[]> {
    return (await this.request<{ goals: GoalSummary[] }>("GET", "/api/goals")).goals;
  }

  get(id: string): Promise<Goal> {
    return this.request("GET", address(id));
  }

  create(title: string, subGoals?: SubGoal[]): Promise<Goal> {
    return this.request("POST", "/api/goals", { title, sub_goals: subGoals });
  }

  replace(goal: Goal): Promise<Goal> {
    return this.request("PUT", address(goal.id), goal);
  }

  async remove(id: string): Promise<void> {
    await this.request("DELETE", address(id));
  }

  /** Ask for nothing but which release answers. */
  async version(): Promise<void> {
    await this.request("GET", "/api/version");
  }

  private async request<T>(method: string, path: string, content?: unknown): Promise<T> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(path, {
        method,
        headers: content === undefined ? {} : { "content-type": "application/json" },
        body: content === undefined ? null : JSON.stringify(content),
        signal: AbortSignal.timeout(10_000),
      });
      text = await response.text();
    } catch {
      throw new ApiError(0, "unreachable", "The server can't be reached.");
    }
    const release = response.headers.get("x-kanmon-release");
    if (release) this.onRelease(release);
    const answer = parse(text);
    if (!response.ok) throw refusal(response.status, answer);
    return answer as T;
  }
}

function address(id: string): string {
  return `/api/goals/${encodeURIComponent(id)}`;
}

/** An answer that isn't JSON comes from something in between; its status is enough. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(status: number, answer: unknown): ApiError {
  const error = (answer as { error?: { code?: string; message?: string } } | null)?.error;
  return new ApiError(
    status,
    error?.code ?? "unknown",
    error?.message ?? `The server answered with status ${status}.`,
  );
}
