/** The footer: which release the page comes from, and which one the API answered with last. */

import { part } from "./dom";

export function showApiRelease(release: string): void {
  part("api-release").textContent = release;
}

/** The document's own answer names its release. */
export async function showPageRelease(): Promise<void> {
  try {
    const response = await fetch(location.href, { method: "HEAD" });
    const release = response.headers.get("x-amz-meta-kanmon-release");
    if (release) part("page-release").textContent = release;
  } catch {
    // The footer keeps its dash; everything else works without.
  }
}
