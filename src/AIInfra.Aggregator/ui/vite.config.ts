import { defineConfig } from 'vite';

// No inline script or style: the page is served under a policy that forbids them.
export default defineConfig({
  base: './',
  build: { outDir: 'dist', assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 800, target: 'es2022' },
  server: { proxy: { '/api': { target: process.env.AGGREGATOR ?? 'https://localhost:9443', secure: false } } },
});
