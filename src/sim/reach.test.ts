/** Who reaches whom on a cut network. */
import { describe, expect, it } from 'vitest'
import { Cluster, type NodeId } from '../node-id.ts'
import { components, isFull, neighbourhood, reaches } from './reach.ts'

const { members } = new Cluster(['1.1', '1.2', '1.3', '1.4', '1.5'])

/** A network in which these links are cut, each in one direction, by the nodes' places. */
function cut(...links: readonly string[]) {
  return { isCut: (from: NodeId, to: NodeId) => links.includes(`${from.index}>${to.index}`) }
}

const places = (nodes: readonly NodeId[]) => nodes.map(({ index }) => index)

describe('reach', () => {
  const [a, b, c] = members as [NodeId, NodeId, NodeId]

  it('needs both directions, and no third node', () => {
    expect([reaches(cut(), a, b), reaches(cut('0>1'), a, b), reaches(cut('1>0'), a, b)]).toEqual([true, false, false])
    const chain = cut('0>2', '2>0')
    expect(reaches(chain, a, c)).toBe(false)
    expect(places(neighbourhood(chain, a, [a, b, c]))).toEqual([0, 1])
    expect(places(neighbourhood(chain, b, [a, b, c]))).toEqual([0, 1, 2])
  })

  it('splits members into groups that are joined, if only through others', () => {
    expect(components(cut(), members).map(places)).toEqual([[0, 1, 2, 3, 4]])
    const apart = ['0>2', '2>1', '0>3', '3>1', '0>4', '4>1']
    expect(components(cut(...apart), members).map(places)).toEqual([
      [0, 1],
      [2, 3, 4],
    ])
    expect(components(cut('0>2'), [a, b, c]).map(places)).toEqual([[0, 1, 2]])
    expect(components(cut('0>2'), [a, c]).map(places)).toEqual([[0], [2]])
  })

  it('tells full partitions from partial ones', () => {
    expect([isFull(cut(), members), isFull(cut('0>1'), members), isFull(cut('0>1'), [a, b])]).toEqual([
      true,
      false,
      true,
    ])
  })
})
