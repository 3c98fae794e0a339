import { afterEach, describe, expect, it, vi } from "vitest";
import { HttpApi } from "../src/api";

function answer(status: number, body: string, headers: Record<string, string> = {}): void {
  vi.stubGlobal("fetch", async () => new Response(body, { status, headers }));
}

afterEach(() => void vi.unstubAllGlobals());

describe("the API", () => {
  it("reports the release that answered, for refusals too", async () => {
    const releases: string[] = [];
    const api = new HttpApi((release) => releases.push(release));
    answer(200, '{"goals": []}', { "x-kanmon-release": "r41" });
    expect(await api.list()).toEqual([]);
    answer(503, "{}", { "x-kanmon-release": "r42" });
    await expect(api.list()).rejects.toMatchObject({ status: 503, passing: true });
    expect(releases).toEqual(["r41", "r42"]);
  });

  it("passes on the reason of a refusal", async () => {
    answer(409, '{"error": {"code": "conflict", "message": "Changed."}}');
    const refused = { status: 409, code: "conflict", message: "Changed.", passing: false };
    await expect(new HttpApi(() => undefined).get("id")).rejects.toMatchObject(refused);
  });

  it("survives an answer that isn't JSON", async () => {
    answer(502, "<html>Bad gateway</html>");
    const refused = { status: 502, code: "unknown", passing: true };
    await expect(new HttpApi(() => undefined).get("id")).rejects.toMatchObject(refused);
  });

  it("reports a missing answer", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    const refused = { status: 0, code: "unreachable", passing: true };
    await expect(new HttpApi(() => undefined).list()).rejects.toMatchObject(refused);
  });
});
