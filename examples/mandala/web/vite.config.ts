import { defineConfig } from "vite";

export default defineConfig({
  // Everything hashed goes under assets/; what lies in public/ keeps its name.
  build: {
    assetsDir: "assets",
    // Always a file of its own: the content security policy allows no data: addresses.
    assetsInlineLimit: 0,
    rolldownOptions: { input: ["index.html", "about.html"] },
  },
  // `npm run dev` uses the API of `python local/serve.py`.
  server: { proxy: { "/api": "http://127.0.0.1:8000" } },
});
