/** Where the tests are, and that they run on the sources and not on built code. */
import { defineConfig } from 'vitest/config'

// `source` makes `#core` resolve to the TypeScript sources, so tests never load stale built code.
export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    include: [
      'src/**/*.test.ts',
      'bin/**/*.test.ts',
      'protocols/**/*.test.ts',
      'test/**/*.test.ts',
      'examples/**/*.test.ts',
    ],
    // A project of its own: test/e2e/plugin.test.ts runs it as one.
    exclude: ['dist/**', 'node_modules/**', 'examples/echo/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    coverage: {
      provider: 'v8',
      include: ['src/*.ts', 'src/{codec,quorum,store,parts}/**/*.ts', 'protocols/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts'],
      reporter: ['text-summary', 'text'],
      thresholds: { branches: 85 },
    },
  },
})
