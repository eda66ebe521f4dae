import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { environment: "jsdom", environmentOptions: { jsdom: { url: process.env.SITE } }, include: ["*.test.jsx"], testTimeout: 30_000 },
});
