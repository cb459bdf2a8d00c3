//! The cheapest assignment of rows to columns, where a row may also stay alone.

use crate::error::Error;
use canopy_core::Cancel;

/// Nobody: no row, or no column.
const NONE: usize = usize::MAX;

/// For each row the column it goes to, or `None` when it stays alone, so that `Σ pair(row, column) + Σ alone(row)` is least.
///
/// Jonker and Volgenant's shortest augmenting paths with dual prices, one row at a time: `O(rows² columns)`. Column
/// `columns + i` stands for staying alone.
pub(super) fn assign(
    rows: usize,
    columns: usize,
    pair: impl Fn(usize, usize) -> f64,
    alone: impl Fn(usize) -> f64,
    cancel: &Cancel,
) -> Result<Vec<Option<usize>>, Error> {
    let all = columns + rows;
    let (mut row_price, mut column_price) = (vec![0.0; rows], vec![0.0; all]);
    let mut owner = vec![NONE; all];
    let (mut least, mut before, mut done) = (vec![0.0; all], vec![NONE; all], vec![false; all]);
    for start in 0..rows {
        cancel.check()?;
        least.fill(f64::INFINITY);
        before.fill(NONE);
        done.fill(false);
        let (mut row, mut from) = (start, NONE);
        loop {
            let (mut nearest, mut delta) = (NONE, f64::INFINITY);
            // No more than the rows met so far can stay alone, so that many places suffice.
            for column in (0..columns).chain(columns..columns + start + 1) {
                if done[column] {
                    continue;
                }
                let cost = if column < columns { pair(row, column) } else { alone(row) };
                let reduced = cost - row_price[row] - column_price[column];
                if reduced < least[column] {
                    (least[column], before[column]) = (reduced, from);
                }
                if least[column] < delta {
                    (nearest, delta) = (column, least[column]);
                }
            }
            row_price[start] += delta;
            for column in 0..all {
                if done[column] {
                    row_price[owner[column]] += delta;
                    column_price[column] -= delta;
                } else {
                    least[column] -= delta;
                }
            }
            done[nearest] = true;
            from = nearest;
            if owner[nearest] == NONE {
                break;
            }
            row = owner[nearest];
        }
        while from != NONE {
            let previous = before[from];
            owner[from] = if previous == NONE { start } else { owner[previous] };
            from = previous;
        }
    }
    let mut taken = vec![None; rows];
    for (column, &row) in owner.iter().enumerate().take(columns) {
        if row != NONE {
            taken[row] = Some(column);
        }
    }
    Ok(taken)
}
