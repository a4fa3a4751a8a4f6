/** Publishes the schemas in the form that editors and other tools read; `config.schema.json` is made from it. */
import { z } from 'zod'
import { BENCHMARK_ALIASES, benchmarkSchema } from './benchmark.ts'
import { configSchema } from './schema.ts'

/** A JSON schema document, or a part of one. */
export type JsonSchema = z.core.JSONSchema.JSONSchema

/** The JSON schema of `config.json`. It knows the usual spelling of each key and the aliases, not other cases. */
export function configJsonSchema(): JsonSchema {
  const schema = publish(configSchema, 'Configuration of a Synod cluster')
  const benchmark = schema.properties?.benchmark
  if (typeof benchmark === 'object') addAliases(benchmark)
  return schema
}

/** The JSON schema of `benchmark.json`; see `configJsonSchema`. */
export function benchmarkJsonSchema(): JsonSchema {
  const schema = publish(benchmarkSchema, 'Workload of a Synod benchmark')
  addAliases(schema)
  return schema
}

function publish(schema: z.ZodType, title: string): JsonSchema {
  const published: JsonSchema = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' })
  published.title = title
  return published
}

function addAliases(schema: JsonSchema): void {
  const properties = schema.properties ?? {}
  for (const [alias, key] of Object.entries(BENCHMARK_ALIASES)) {
    const original = properties[key]
    if (original !== undefined) properties[alias] = original
  }
}
