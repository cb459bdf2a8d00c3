//! The root of a covariance matrix, and its inverse.

use super::matrix::Matrix;
use rayon::prelude::*;

/// Rows that a block of the factorisation takes.
const BLOCK: usize = 64;

/// `L` with `L Lᵀ = a`, in the lower half of `a` (n x n, row-major); `None` when `a` isn't positive definite.
pub(crate) fn factor(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        // The diagonal block, by columns.
        for j in start..end {
            let (above, below) = a.split_at_mut(j * n);
            let row = &mut below[..n];
            for k in start..j {
                let other = &above[k * n..k * n + n];
                let sum: f64 = row[start..k].iter().zip(&other[start..k]).map(|(x, y)| x * y).sum();
                row[k] = (row[k] - sum) / other[k];
            }
            let square: f64 = row[start..j].iter().map(|x| x * x).sum();
            let pivot = row[j] - square;
            // NaN isn't above 0 either.
            if !(pivot > 0.0 && pivot.is_finite()) {
                return None;
            }
            row[j] = pivot.sqrt();
        }
        // The rows below, each on its own; then what remains loses their products.
        let (done, rest) = a.split_at_mut(end * n);
        let diagonal = &done[start * n..];
        rest.par_chunks_mut(n).for_each(|row| {
            for k in start..end {
                let other = &diagonal[(k - start) * n..(k - start) * n + n];
                let sum: f64 = row[start..k].iter().zip(&other[start..k]).map(|(x, y)| x * y).sum();
                row[k] = (row[k] - sum) / other[k];
            }
        });
        let panel: Vec<f64> = rest.chunks_exact(n).flat_map(|row| row[start..end].iter().copied()).collect();
        let width = end - start;
        // The panel by columns, so that the innermost loop runs along a row and needs no sum across lanes.
        let height = n - end;
        let mut columns = vec![0.0; panel.len()];
        for (i, row) in panel.chunks_exact(width).enumerate() {
            row.iter().enumerate().for_each(|(k, &x)| columns[k * height + i] = x);
        }
        rest.par_chunks_mut(n).enumerate().for_each(|(i, row)| {
            for (k, &x) in panel[i * width..(i + 1) * width].iter().enumerate() {
                let column = &columns[k * height..k * height + i + 1];
                row[end..=end + i].iter_mut().zip(column).for_each(|(sum, y)| *sum -= x * y);
            }
        });
    }
    Some(a)
}

/// The inverse of the lower triangle `l` (n x n): rows of `n` values with zeros above the diagonal, and zero rows up to a
/// multiple of 16.
///
/// A product with it is as accurate as a substitution, up to the condition of `l`: a thousand for a jitter of 1e-6.
pub(crate) fn inverse(l: &[f64], n: usize) -> Matrix<f64> {
    let mut out = Matrix::zeros(n.next_multiple_of(16), n);
    let stride = out.stride();
    // Columns are independent: each thread takes a band of them, and rows follow one another.
    let bands: Vec<(usize, Vec<f64>)> = (0..n)
        .step_by(BLOCK)
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|first| {
            let width = BLOCK.min(n - first);
            let mut band = vec![0.0; n * width];
            for i in first..n {
                let (above, below) = band.split_at_mut(i * width);
                let row = &mut below[..width];
                if i - first < width {
                    row[i - first] = 1.0;
                }
                for k in first..i {
                    let x = l[i * n + k];
                    row.iter_mut().zip(&above[k * width..]).for_each(|(sum, y)| *sum -= x * y);
                }
                let pivot = l[i * n + i];
                row.iter_mut().for_each(|value| *value /= pivot);
            }
            (first, band)
        })
        .collect();
    for (first, band) in bands {
        let width = BLOCK.min(n - first);
        for (i, row) in band.chunks_exact(width).enumerate() {
            out.values_mut()[i * stride + first..i * stride + first + width].copy_from_slice(row);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inverse_undoes_the_root() {
        for n in [1, 2, 63, 64, 65, 200] {
            let at = |i: usize, j: usize| {
                (-((i as f64 - j as f64) / 5.0).powi(2)).exp() + f64::from(u8::from(i == j)) * 1e-6
            };
            let a: Vec<f64> = (0..n * n).map(|cell| at(cell / n, cell % n)).collect();
            let l = factor(a, n).unwrap();
            let inverse = inverse(&l, n);
            for i in 0..n {
                for j in 0..n {
                    let product: f64 = (0..=i.min(j)).map(|k| l[i * n + k] * l[j * n + k]).sum();
                    assert!((product - at(i, j)).abs() < 1e-13);
                    let one: f64 = (j..=i).map(|k| inverse.row(i)[k] * l[k * n + j]).sum();
                    assert!((one - f64::from(u8::from(i == j))).abs() < 1e-10, "{i} {j} {one}");
                }
            }
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_root() {
        assert_eq!(factor(vec![1.0, 1.0, 1.0, 1.0], 2), None);
        assert_eq!(factor(vec![1.0, 0.0, f64::NAN, 1.0], 2), None);
        assert_eq!(factor(vec![f64::NAN], 1), None);
    }
}
