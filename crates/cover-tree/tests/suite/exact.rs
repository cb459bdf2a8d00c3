//! Euclidean and angular answers are those of a brute force, id by id.

use crate::cases::{Case, assert_row, build, case, ranked, square};
use canopy_core::{Cancel, Progress};
use canopy_cover_tree::{Geometry, Points};
use proptest::prelude::*;

/// `k` that are less than, about, and more than there are points.
fn some_k() -> impl Strategy<Value = usize> {
    prop_oneof![1_usize..12, 20_usize..70, Just(300)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn all_neighbours_and_predecessors(case in case(), k in some_k()) {
        let tree = build(case.points(), Geometry::Euclidean);
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let all = tree.knn_all(k, &cancel, &progress).unwrap();
        let before = tree.predecessors(k, &cancel, &progress).unwrap();
        prop_assert_eq!(all.ids.len(), case.len() * k);
        for i in 0..case.len() {
            let measure = |row: &[f64]| square(case.row(i), row);
            assert_row(&all, i, &ranked(&case, measure, |j| j != i), f64::sqrt);
            assert_row(&before, i, &ranked(&case, measure, |j| j < i), f64::sqrt);
        }
    }

    #[test]
    fn asked_points(case in case(), k in some_k(), picks in prop::collection::vec((0_usize..1000, -1.0_f64..1.0), 0..40)) {
        // On a point, beside it, and far outside.
        let mut queries: Vec<f64> = vec![1e30; case.dim];
        for (pick, shift) in picks {
            if case.len() > 0 {
                let nudge = if pick % 3 == 0 { 0.0 } else { shift * 10_f64.powi(pick as i32 % 17 - 8) };
                queries.extend(case.row(pick % case.len()).iter().map(|x| x + nudge));
            }
        }
        let queries = Case { dim: case.dim, rows: queries };
        let tree = build(case.points(), Geometry::Euclidean);
        let (cancel, progress) = (Cancel::new(), Progress::default());
        let found = tree.knn(queries.points(), k, &cancel, &progress).unwrap();
        for i in 0..queries.len() {
            assert_row(&found, i, &ranked(&case, |row| square(queries.row(i), row), |_| true), f64::sqrt);
        }
        // A radius that some point lies on exactly.
        let Some((edge, _)) = ranked(&case, |row| square(queries.row(queries.len() - 1), row), |_| true).get(5).copied() else {
            return Ok(());
        };
        let radius = edge.sqrt();
        let within = tree.radius(queries.points(), radius, &cancel, &progress).unwrap();
        for i in 0..queries.len() {
            let mut expected = ranked(&case, |row| square(queries.row(i), row), |_| true);
            expected.retain(|&(square, _)| square.sqrt() <= radius);
            let range = within.starts[i]..within.starts[i + 1];
            prop_assert_eq!(&within.ids[range.clone()], &expected.iter().map(|e| e.1).collect::<Vec<_>>()[..]);
            prop_assert_eq!(
                &within.distances[range], &expected.iter().map(|e| e.0.sqrt() as f32).collect::<Vec<_>>()[..]);
        }
    }

    #[test]
    fn angles(case in case(), k in some_k()) {
        // A zero has no direction; the first coordinate keeps all others from being one.
        let mut case = case;
        case.rows.chunks_exact_mut(case.dim).for_each(|row| if row.iter().all(|x| *x == 0.0) { row[0] = 1.0 });
        let tree = build(case.points(), Geometry::Angular);
        let found = tree.knn_all(k, &Cancel::new(), &Progress::default()).unwrap();
        let angle = |a: &[f64], b: &[f64]| {
            // Kahan's formula, right for all angles; the largest coordinate goes first so that squares stay in range.
            let unit = |row: &[f64]| {
                let most = row.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
                let norm = row.iter().map(|x| (x / most) * (x / most)).sum::<f64>().sqrt();
                row.iter().map(|x| x / most / norm).collect::<Vec<_>>()
            };
            let (a, b) = (unit(a), unit(b));
            let sum: f64 = a.iter().zip(&b).map(|(a, b)| (a + b) * (a + b)).sum();
            2.0 * square(&a, &b).sqrt().atan2(sum.sqrt())
        };
        for i in 0..case.len() {
            let expected = ranked(&case, |row| angle(case.row(i), row), |j| j != i);
            for place in 0..k {
                let (id, distance) = (found.ids[i * k + place], f64::from(found.distances[i * k + place]));
                let Some(&(angle_at_place, _)) = expected.get(place) else {
                    prop_assert_eq!(distance, f64::INFINITY);
                    continue;
                };
                // Angles round differently by another formula, most of all near π; which of two equal ones comes first is open.
                prop_assert!((distance - angle_at_place).abs() <= 1e-6, "{} {}", distance, angle_at_place);
                prop_assert!((angle(case.row(i), case.row(id as usize)) - distance).abs() <= 1e-6);
            }
        }
    }
}

#[test]
fn many_points_at_few_places_take_no_square_of_time() {
    let rows: Vec<f32> = (0..60_000).map(|i| if i < 50_000 { 1.0 } else { 2.0 }).collect();
    let tree = build(Points::from_f32(&rows, 1).unwrap(), Geometry::Euclidean);
    let found = tree.knn_all(3, &Cancel::new(), &Progress::default()).unwrap();
    assert_eq!(found.ids[3 * 40_000..3 * 40_000 + 3], [0, 1, 2]);
    assert_eq!(found.ids[3 * 50_000..3 * 50_000 + 3], [50_001, 50_002, 50_003]);
    let before = tree.predecessors(2, &Cancel::new(), &Progress::default()).unwrap();
    assert_eq!(before.ids[2 * 59_999..], [50_000, 50_001]);
    assert_eq!(before.distances[..3], [f32::INFINITY, f32::INFINITY, 0.0]);
}

#[test]
fn an_offset_of_ten_million_loses_no_neighbour() {
    // Multiples of 2^-12 move by the offset without rounding, so even ties stay ties.
    let near: Vec<f64> = (0..3000).map(|i| f64::from(i * i % 4099 * 7919 % 4096) / 4096.0).collect();
    let far: Vec<f64> = near.iter().map(|x| x + 1e7).collect();
    let find = |rows| {
        build(Points::from_f64(rows, 3).unwrap(), Geometry::Euclidean).knn_all(8, &Cancel::new(), &Progress::default())
    };
    assert_eq!(find(near).unwrap().ids, find(far).unwrap().ids);
}
