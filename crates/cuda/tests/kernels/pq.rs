//! Tables, scans and choices of product quantisation.

use crate::{Case, Outcome};
use canopy_core::Coded;
use canopy_cuda::{Device, DeviceLists, List, Near, Probes, Quantiser};
use std::sync::Arc;

pub(crate) const CASES: &[Case] = &[
    ("pq: tables are the squared distances from every entry", tables),
    ("pq: scans find the nearest by their codes, for every shape and k", nearest),
    ("pq: equally near vectors are chosen by their ids", ties),
    ("pq: only allowed vectors are found", allowed),
    ("pq: what doesn't fit is refused before the device sees it", refused),
];

/// Random lists, and what a processor makes of them.
struct Made {
    parts: usize,
    padded: usize,
    width: usize,
    books: Vec<f32>,
    centres: Vec<f32>,
    ids: Vec<Vec<u32>>,
    /// A code for each part of each vector.
    plain: Vec<Vec<Vec<u8>>>,
    packed: Vec<Vec<u8>>,
}

impl Made {
    fn new(parts: usize, width: usize, sizes: &[usize], seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        let padded = parts.next_multiple_of(4);
        let total: usize = sizes.iter().sum();
        let mut numbers: Vec<u32> = (0..total as u32).map(|i| 3 * i + 1).collect();
        random.shuffle(&mut numbers);
        let mut made = Self {
            parts,
            padded,
            width,
            books: (0..parts * 16 * width).map(|_| random.f32() - 0.5).collect(),
            centres: (0..sizes.len() * parts * width).map(|_| random.f32() - 0.5).collect(),
            ids: Vec::new(),
            plain: Vec::new(),
            packed: Vec::new(),
        };
        for &size in sizes {
            let codes: Vec<Vec<u8>> = (0..size).map(|_| (0..parts).map(|_| random.u8(..16)).collect()).collect();
            let mut packed = vec![0_u8; size.div_ceil(32) * padded * 16];
            for (at, codes) in codes.iter().enumerate() {
                for (part, code) in codes.iter().enumerate() {
                    packed[at / 32 * padded * 16 + part * 16 + at % 16] |= code << (at % 32 / 16 * 4);
                }
            }
            made.ids.push(numbers.split_off(numbers.len() - size));
            made.plain.push(codes);
            made.packed.push(packed);
        }
        made
    }

    fn quantiser(&self) -> Quantiser<'_> {
        let Self { parts, padded, width, .. } = *self;
        Quantiser { parts, padded, width, books: &self.books, centres: &self.centres }
    }

    fn upload(&self, device: &Arc<Device>) -> Result<DeviceLists, canopy_cuda::Error> {
        let lists: Vec<List<'_>> = self.ids.iter().zip(&self.packed).map(|(ids, codes)| List { ids, codes }).collect();
        DeviceLists::upload(device, &self.quantiser(), &lists)
    }

    fn entry(&self, query: &[f32], list: usize, part: usize, code: usize) -> f64 {
        let full = self.parts * self.width;
        (0..self.width)
            .map(|w| {
                let seen = query[part * self.width + w] - self.centres[list * full + part * self.width + w];
                let apart = f64::from(self.books[(part * 16 + code) * self.width + w]) - f64::from(seen);
                apart * apart
            })
            .sum()
    }

    /// All vectors of the lists with their distances, nearest first.
    fn all(&self, query: &[f32], lists: &[u32]) -> Vec<(u32, f64)> {
        let mut all = Vec::new();
        for &list in lists {
            let list = list as usize;
            for (id, codes) in self.ids[list].iter().zip(&self.plain[list]) {
                let sum: f64 =
                    codes.iter().enumerate().map(|(part, &code)| self.entry(query, list, part, code.into())).sum();
                all.push((*id, sum));
            }
        }
        all.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
        all
    }
}

fn queries(made: &Made, count: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count * made.parts * made.width).map(|_| random.f32() - 0.5).collect()
}

fn tables(device: &Arc<Device>) -> Outcome {
    for (parts, width) in [(1, 1), (3, 2), (7, 5), (64, 4), (256, 1)] {
        let made = Made::new(parts, width, &[3, 0, 40], 1);
        let lists = made.upload(device)?;
        let asked = queries(&made, 2, 2);
        let probes = Probes { offsets: &[0, 2, 3], lists: &[2, 0, 1] };
        let mut tables = vec![0.0; 3 * made.padded * 16];
        let on_device = lists.tables_of(&asked, probes)?;
        assert_eq!(on_device.len(), tables.len());
        on_device.read(&mut tables)?;
        for (pair, (query, list)) in [(0, 2), (0, 0), (1, 1)].into_iter().enumerate() {
            for at in 0..made.padded * 16 {
                let query = &asked[query * parts * width..][..parts * width];
                let expected = if at / 16 < parts { made.entry(query, list, at / 16, at % 16) } else { 0.0 };
                let found = f64::from(tables[pair * made.padded * 16 + at]);
                assert!((found - expected).abs() <= 1e-6 * expected, "{found} instead of {expected}");
            }
        }
    }
    Ok(())
}

/// What was found is the first `k` of all, but that those whose distances differ by rounding alone may stand in for each other.
fn check(found: &[Near], all: &[(u32, f64)], k: usize) {
    assert_eq!(found.len(), k.min(all.len()));
    assert!(found.is_sorted_by(|a, b| a.1 < b.1 || (a.1 == b.1 && a.0 < b.0)));
    for ((id, distance), (_, expected)) in found.iter().zip(all) {
        let distance = f64::from(*distance);
        assert!((distance - expected).abs() <= 1e-5 * expected, "{distance} instead of {expected}");
        let own = all.iter().find(|(other, _)| other == id).expect("an id of the lists").1;
        assert!((distance - own).abs() <= 1e-5 * own, "{id}: {distance} instead of {own}");
    }
}

fn nearest(device: &Arc<Device>) -> Outcome {
    // Empty lists, one of a vector, one that fills a block, one more than fills a stretch of 2,048, and several stretches.
    let made = Made::new(10, 3, &[0, 1, 32, 2049, 50, 7000], 3);
    let lists = made.upload(device)?;
    let asked = queries(&made, 6, 4);
    let probes = Probes { offsets: &[0, 6, 6, 7, 8, 10, 11], lists: &[0, 1, 2, 3, 4, 5, 3, 0, 4, 2, 5] };
    let full = made.parts * made.width;
    for k in [1, 10, 100, 1024, 1500, 5000] {
        let found = lists.scan(&asked, probes, k, None)?;
        assert_eq!(found.len(), 6);
        for (query, found) in found.iter().enumerate() {
            let all = made
                .all(&asked[query * full..][..full], &probes.lists[probes.offsets[query]..probes.offsets[query + 1]]);
            check(found, &all, k);
        }
    }
    assert_eq!(lists.scan(&asked, probes, 0, None)?, vec![vec![]; 6]);
    assert_eq!(lists.scan(&[], Probes { offsets: &[0], lists: &[] }, 5, None)?, Vec::<Vec<Near>>::new());
    Ok(())
}

fn ties(device: &Arc<Device>) -> Outcome {
    let mut made = Made::new(4, 2, &[3000, 100], 5);
    // All the same but for one of every eleven.
    for (plain, packed) in made.plain.iter_mut().zip(&mut made.packed) {
        packed.fill(0);
        for (at, codes) in plain.iter_mut().enumerate() {
            codes.fill(if at % 11 == 0 { 0 } else { 7 });
            for part in 0..4 {
                packed[at / 32 * 64 + part * 16 + at % 16] |= codes[part] << (at % 32 / 16 * 4);
            }
        }
    }
    let lists = made.upload(device)?;
    let asked = queries(&made, 1, 6);
    for k in [1, 50, 300, 700, 1024] {
        let found = lists.scan(&asked, Probes { offsets: &[0, 1], lists: &[0] }, k, None)?;
        let all = made.all(&asked, &[0]);
        let ids: Vec<u32> = found[0].iter().map(|near| near.0).collect();
        assert_eq!(ids, all[..k].iter().map(|near| near.0).collect::<Vec<_>>());
    }
    Ok(())
}

fn allowed(device: &Arc<Device>) -> Outcome {
    let made = Made::new(6, 2, &[500, 2500], 7);
    let lists = made.upload(device)?;
    let asked = queries(&made, 2, 8);
    let probes = Probes { offsets: &[0, 2, 3], lists: &[0, 1, 1] };
    let full = made.parts * made.width;
    for every in [2, 50, 4000] {
        // A mask that ends before the last ids does not allow those.
        let mut words = vec![0_u32; 8000 / 32];
        (0..8000_usize).filter(|id| id % every == 0).for_each(|id| words[id / 32] |= 1 << (id % 32));
        let found = lists.scan(&asked, probes, 30, Some(&words))?;
        for (query, found) in found.iter().enumerate() {
            let mut all = made
                .all(&asked[query * full..][..full], &probes.lists[probes.offsets[query]..probes.offsets[query + 1]]);
            all.retain(|(id, _)| *id < 8000 && (*id as usize).is_multiple_of(every));
            check(found, &all, 30);
        }
    }
    assert_eq!(lists.scan(&asked, probes, 30, Some(&[]))?, vec![vec![]; 2]);
    Ok(())
}

fn refused(device: &Arc<Device>) -> Outcome {
    let made = Made::new(4, 2, &[40, 3], 9);
    let lists = made.upload(device)?;
    let asked = queries(&made, 1, 1);
    let scan = |queries: &[f32], offsets: &[usize], numbers: &[u32]| {
        lists
            .scan(queries, Probes { offsets, lists: numbers }, 3, None)
            .map(|found| found.len())
            .map_err(|error| error.code())
    };
    assert_eq!(scan(&asked, &[0, 2], &[0, 1]), Ok(1));
    assert_eq!(scan(&asked, &[0, 2], &[0, 2]), Err("GPU_INPUT"));
    assert_eq!(scan(&asked[1..], &[0, 2], &[0, 1]), Err("GPU_INPUT"));
    assert_eq!(scan(&asked, &[0], &[]), Err("GPU_INPUT"));
    assert_eq!(scan(&asked, &[1, 2], &[0, 1]), Err("GPU_INPUT"));
    let whole =
        [List { ids: &made.ids[0], codes: &made.packed[0] }, List { ids: &made.ids[1], codes: &made.packed[1] }];
    let upload = |quantiser: Quantiser<'_>, lists: &[List<'_>]| {
        DeviceLists::upload(device, &quantiser, lists).map(drop).map_err(|error| error.code())
    };
    assert_eq!(upload(made.quantiser(), &whole), Ok(()));
    assert_eq!(upload(made.quantiser(), &whole[..1]), Err("GPU_INPUT"));
    assert_eq!(upload(Quantiser { parts: 0, ..made.quantiser() }, &whole), Err("GPU_INPUT"));
    assert_eq!(upload(Quantiser { padded: 3, ..made.quantiser() }, &whole), Err("GPU_INPUT"));
    assert_eq!(upload(Quantiser { padded: 300, ..made.quantiser() }, &whole), Err("GPU_INPUT"));
    assert_eq!(upload(Quantiser { books: &made.books[1..], ..made.quantiser() }, &whole), Err("GPU_INPUT"));
    let short = [whole[0], List { ids: &made.ids[1], codes: &made.packed[1][1..] }];
    assert_eq!(upload(made.quantiser(), &short), Err("GPU_INPUT"));
    Ok(())
}
