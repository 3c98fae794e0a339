import { expect, test } from "@playwright/test";

const { KANMON_RELEASE } = process.env;

test("page and API are this release's", async ({ page }) => {
  await page.goto("/");
  await expect(page).toHaveTitle("Mandala");
  for (const half of ["page-release", "api-release"]) {
    if (KANMON_RELEASE) await expect(page.getByTestId(half)).toHaveText(KANMON_RELEASE);
  }
});

test("a goal is made, edited and deleted", async ({ page }) => {
  // The database is the live one: a goal of the test's own, which is deleted.
  const title = `Tested at ${new Date().toISOString()}`;
  await page.goto("/");
  await page.getByTestId("new-goal").fill(title);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("goal-title")).toHaveText(title);
  await page.getByTestId("cell-0-0").click();
  await page.getByTestId("editor").fill("Tie a bowline");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("saving")).toHaveText("Saved");
  await page.reload();
  await expect(page.getByTestId("cell-0-0")).toContainText("Tie a bowline");
  const entry = page.getByRole("listitem").filter({ hasText: title });
  await entry.getByTestId("delete").click();
  await page.getByTestId("confirm-delete").click();
  await expect(entry).toHaveCount(0);
});
