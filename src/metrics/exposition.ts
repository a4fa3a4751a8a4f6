/** The metrics of a node as Prometheus reads them. Values are collected when somebody asks, and at no other time. */
import { Counter, Gauge, Histogram, type HistogramConfiguration, Registry } from 'prom-client'
import { METRICS, type Metric, type Sample, type Source } from './catalogue.ts'
import type { Distribution } from './distribution.ts'

/** Makes what tells the metrics of one node, in Prometheus' text format. */
export function exposition(source: Source): () => Promise<string> {
  const registry = new Registry()
  for (const metric of METRICS) register(registry, metric, source)
  return () => registry.metrics()
}

function register(registry: Registry, metric: Metric, source: Source): void {
  const { name, help } = metric
  const labelNames = [...metric.labels]
  if (metric.type === 'histogram') {
    registry.registerMetric(collected({ name, help, labelNames, registers: [] }, () => metric.read(source)))
    return
  }
  const described = { name, help, labelNames, registers: [registry] }
  const samples = () => [...metric.read(source)].map((sample) => [named(labelNames, sample), sample[0]] as const)
  if (metric.type === 'counter') {
    new Counter({
      ...described,
      collect() {
        forget(this)
        for (const [labels, value] of samples()) this.inc(labels, value)
      },
    })
  } else {
    new Gauge({
      ...described,
      collect() {
        forget(this)
        for (const [labels, value] of samples()) this.set(labels, value)
      },
    })
  }
}

/** Leaves no value; `reset` alone leaves a zero where there are no labels. */
function forget(metric: Counter | Gauge): void {
  metric.reset()
  metric.remove({})
}

type Labels = Readonly<Record<string, string>>

function named(names: readonly string[], [, ...labels]: Sample<unknown>): Labels {
  return Object.fromEntries(names.map((name, index) => [name, labels[index]!]))
}

/** A histogram whose values were counted elsewhere. */
function collected(described: HistogramConfiguration<string>, read: () => Iterable<Sample<Distribution>>): Histogram {
  const empty = new Histogram(described)
  const { name, labelNames = [] } = described
  const get = async () => {
    const values = [...read()].flatMap((sample) => lines(name, named(labelNames, sample), sample[0]))
    return { ...(await empty.get()), values }
  }
  // The registry asks for the second where it is there.
  return Object.assign(new Histogram(described), { get, getForPromString: get })
}

/** The lines of one histogram: each bucket holds what is in those below it, too. */
function lines(name: string, labels: Labels, { bounds, counts, sum }: Distribution) {
  let count = 0
  const buckets = [...counts].map((inBucket, index) => {
    count += inBucket
    return { metricName: `${name}_bucket`, value: count, labels: { ...labels, le: bounds[index] ?? '+Inf' } }
  })
  return [
    ...buckets,
    { metricName: `${name}_sum`, value: sum, labels },
    { metricName: `${name}_count`, value: count, labels },
  ]
}
