import { defineConfig } from "@playwright/test";

const { KANMON_PREVIEW_STATE, KANMON_PREVIEW_URL, KANMON_RESULTS = "../build/e2e" } = process.env;

// As the variables of Kanmon's `verify` are: docs/checks.md. Without them, the app of local/serve.py.
export default defineConfig({
  outputDir: `${KANMON_RESULTS}/traces`,
  reporter: [["list"], ["junit", { outputFile: `${KANMON_RESULTS}/junit.xml` }]],
  use: {
    baseURL: KANMON_PREVIEW_URL ?? "http://127.0.0.1:8000",
    storageState: KANMON_PREVIEW_STATE, // the preview's cookie
    screenshot: "only-on-failure",
  },
});
