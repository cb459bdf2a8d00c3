use super::*;
use proptest::prelude::*;

/// Numbers between -1 and 1, the same for the same seed.
fn drawn<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        T::from_f64((state >> 40) as f64 / f64::from(1 << 23) - 1.0)
    };
    (0..count).map(|_| next()).collect()
}

fn dots_agree<T: Chosen>(rows: usize, len: usize, list: &[u32], seed: u64) {
    let (a, b) = (drawn::<T>(rows * len, seed), drawn::<T>(9 * (len + 16), seed + 1));
    let rows: Vec<&[T]> = a.chunks_exact(len).collect();
    for loops in T::available() {
        let mut out = vec![T::ZERO; rows.len() * list.len()];
        Dots { rows: &rows, base: &b, stride: len + 16, len, list }.run(loops, &mut out, list.len());
        for (r, row) in rows.iter().enumerate() {
            for (j, &at) in list.iter().enumerate() {
                let other = &b[at as usize * (len + 16)..];
                let exact: f64 = row.iter().zip(other).map(|(a, b)| a.to_f64() * b.to_f64()).sum();
                let off = (out[r * list.len() + j].to_f64() - exact).abs();
                assert!(off <= len as f64 * 2.0 * T::ROUNDING, "{}: {off}", loops.name);
            }
        }
    }
}

fn scores_agree<T: Chosen>(kind: KernelKind, count: usize, seed: u64) {
    let positive = |seed| drawn::<T>(count, seed).into_iter().map(T::magnitude).collect::<Vec<_>>();
    let (mut squares, inverse, dots) = (positive(seed), positive(seed + 1), drawn::<T>(count, seed + 2));
    squares[count / 2] = T::NAN;
    let (variance, own, least) = (T::from_f64(1.7), T::from_f64(0.9), T::from_f64(0.3));
    for loops in T::available() {
        let (mut out, mut hits) = (dots.clone(), vec![0; count]);
        let call = Score { kind, variance, squares: &squares, inverse: &inverse, own, least };
        let found = call.run(loops, &mut out, &mut hits);
        let expected: Vec<u32> = (0..count as u32).filter(|&at| out[at as usize] >= least).collect();
        assert_eq!(&hits[..found], &expected[..]);
        assert!(out[count / 2].to_f64() == -1.0);
        for at in (0..count).filter(|&at| at != count / 2) {
            let residual = 1.7 * kind.correlation(squares[at].to_f64()) - dots[at].to_f64();
            let exact = (residual * inverse[at].to_f64() * own.to_f64()).abs().min(1.0);
            assert!((out[at].to_f64() - exact).abs() < 10.0 * T::ROUNDING, "{} {kind:?}", loops.name);
        }
    }
}

fn gates_agree<T: Chosen>(dim: usize, queries: usize, seed: u64) {
    let mut lanes = drawn::<f64>(dim * LEAF, seed);
    // The last lane holds no point.
    (0..dim).for_each(|axis| lanes[axis * LEAF + LEAF - 1] = f64::NAN);
    let asked = drawn::<f64>(dim * queries, seed + 1);
    let scales: Vec<f64> = (1..=dim).map(|axis| 1.0 / axis as f64).collect();
    let limit = |q: usize, class: usize| [0.1, 0.5, -1.0, f64::INFINITY][(q + class) % 4];
    let near: Vec<[f64; NEAR]> = (0..queries).map(|q| std::array::from_fn(|class| limit(q, class))).collect();
    let classes: [u8; LEAF] = std::array::from_fn(|lane| (lane * 7 % NEAR) as u8);
    let width = LEAF + 8;
    for loops in T::available() {
        let (mut squares, mut masks) = (vec![T::ZERO; queries * width], [0; ROWS]);
        let gate = Gate { lanes: &lanes, queries: &asked, scales: &scales, near: &near, classes: &classes };
        gate.run(loops, &mut squares, width, &mut masks);
        for (lane, q) in (0..LEAF).flat_map(|lane| (0..queries).map(move |q| (lane, q))) {
            let gap = |axis: usize| (lanes[axis * LEAF + lane] - asked[q * dim + axis]) * scales[axis];
            let exact = (0..dim).map(|axis| gap(axis).powi(2)).sum::<f64>();
            assert_eq!(masks[q] >> lane & 1 == 1, exact <= limit(q, classes[lane] as usize));
            let off = (squares[q * width + lane].to_f64() - exact).abs();
            assert!(lane == LEAF - 1 || off < 100.0 * T::ROUNDING);
        }
    }
}

fn panels_agree<T: Chosen>(count: usize, len: usize, seed: u64) {
    let stride = len + 3;
    let (rows, columns) = (drawn::<T>(count * stride, seed), drawn::<T>(len * COLUMNS, seed + 1));
    for loops in T::available() {
        let mut out = vec![T::ZERO; count * COLUMNS];
        Panel { rows: &rows, count, stride, len, columns: &columns }.run(loops, &mut out);
        for (at, found) in out.into_iter().enumerate() {
            let (row, column) = (at / COLUMNS, at % COLUMNS);
            let value = |i: usize| rows[row * stride + i].to_f64() * columns[i * COLUMNS + column].to_f64();
            let off = (found.to_f64() - (0..len).map(value).sum::<f64>()).abs();
            assert!(off <= len as f64 * 2.0 * T::ROUNDING, "{}: {off}", loops.name);
        }
    }
}

#[test]
fn far_away_nothing_is_left() {
    for kind in [KernelKind::Matern12, KernelKind::Matern32, KernelKind::Matern52, KernelKind::Rbf] {
        for loops in f32::available() {
            let mut far = [1e4_f32, 1e20, 3e38, f32::INFINITY];
            loops.kernel(kind, 1.0, &mut far);
            assert!(far.iter().all(|&value| value < 1e-30), "{} {kind:?} {far:?}", loops.name);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn every_instruction_set_computes_the_same(
        rows in 1_usize..5, len in 1_usize..9, list in prop::collection::vec(0_u32..9, 1..6), dim in 1_usize..9, seed in 0_u64..999
    ) {
        let list: Vec<u32> = list.into_iter().flat_map(|at| [at, 8 - at, at, 0]).collect();
        dots_agree::<f32>(rows, len * 16, &list, seed);
        dots_agree::<f64>(rows, len * 16, &list, seed);
        gates_agree::<f32>(dim, rows, seed);
        gates_agree::<f64>(dim, rows, seed);
        panels_agree::<f32>(rows * len, len + dim, seed);
        panels_agree::<f64>(rows * len, len + dim, seed);
        for kind in [KernelKind::Matern12, KernelKind::Matern32, KernelKind::Matern52, KernelKind::Rbf] {
            scores_agree::<f32>(kind, list.len() + len, seed);
            scores_agree::<f64>(kind, list.len() + len, seed);
        }
    }
}
