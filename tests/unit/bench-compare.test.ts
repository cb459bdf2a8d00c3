import test from 'ava'
import { compared, type Result } from '../../bench/lib/compare.js'

const result = (figures: Record<string, unknown>, checks: Result['checks'] = [], options: Record<string, unknown> = { n: 5, runs: 1 }): Result => ({
  bench: 'cover-tree-suite',
  date: '2026-11-21T00:00:00Z',
  commit: 'abc',
  machine: { cpu: 'one' },
  options,
  checks,
  figures,
})
const TOLERANCE = { tolerance: 0.1, floor: 0.001 }
const names = (old: Result, fresh: Result): string[] => compared(old, fresh, TOLERANCE).flatMap(({ name, regressed }) => (regressed ? [name] : []))

test('a stage that takes a tenth longer is a regression, one that is noise or a peer is none', (t) => {
  const old = result({ build_s: 1, query_s: 0.0004, p99_ms: 20, recall: 1, peers: [{ engine: 'numpy', query_s: 1 }], rows: [{ metric: 'residual', n: 2048, all_pred_s: 0.5 }, { metric: 'residual', n: 4096, all_pred_s: 1 }] })
  t.deepEqual(names(old, old), [])
  const slower = result({ build_s: 1.09, query_s: 0.0012, p99_ms: 23, recall: 0.5, peers: [{ engine: 'numpy', query_s: 9 }], rows: [{ metric: 'residual', n: 4096, all_pred_s: 1.2 }, { metric: 'residual', n: 2048, all_pred_s: 0.4 }] })
  t.deepEqual(names(old, slower), ['p99_ms', 'rows.residual 4096.all_pred_s'])
})

test('checks are compared by their direction', (t) => {
  const check = (value: number, direction: 'at least' | 'at most') => ({ name: direction, value, unit: '', direction, goal: 1 })
  const old = result({}, [check(1, 'at least'), check(1, 'at most')])
  t.deepEqual(names(old, result({}, [check(0.8, 'at least'), check(0.8, 'at most')])), ['check: at least'])
  t.deepEqual(names(old, result({}, [check(1.2, 'at least'), check(1.2, 'at most')])), ['check: at most'])
})

test('results that say nothing about each other are refused', (t) => {
  const old = result({})
  t.throws(() => compared(old, { ...old, bench: 'store' }, TOLERANCE), { message: /different benches/ })
  t.throws(() => compared(old, result({}, [], { n: 6, runs: 1 }), TOLERANCE), { message: /different options: n/ })
  t.notThrows(() => compared(old, result({}, [], { n: 5, runs: 3 }), TOLERANCE))
})
