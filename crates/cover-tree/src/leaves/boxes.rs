//! Boxes around leaves, and boxes around boxes.

/// Boxes under one parent.
pub(crate) const FAN: usize = 8;

/// One level of boxes; box `i` of the level above covers boxes `i * FAN..(i + 1) * FAN` of this one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Level {
    /// `dim` lower corners, then `dim` upper corners, box after box.
    corners: Vec<f32>,
    /// Lowest id inside each box: where predecessors are asked for, a box of higher ids is passed over.
    lowest: Vec<u32>,
    /// Largest cap inside each box: no point of the box is seen from farther, by squares.
    caps: Vec<f32>,
}

impl Level {
    pub(crate) fn push(&mut self, low: &[f32], high: &[f32], lowest: u32, cap: f32) {
        self.corners.extend_from_slice(low);
        self.corners.extend_from_slice(high);
        self.lowest.push(lowest);
        self.caps.push(cap);
    }

    pub(crate) fn len(&self) -> usize {
        self.lowest.len()
    }

    #[inline]
    pub(crate) fn corners(&self, i: usize, dim: usize) -> (&[f32], &[f32]) {
        self.corners[i * 2 * dim..(i + 1) * 2 * dim].split_at(dim)
    }

    #[inline]
    pub(crate) fn lowest(&self, i: usize) -> u32 {
        self.lowest[i]
    }

    #[inline]
    pub(crate) fn cap(&self, i: usize) -> f32 {
        self.caps[i]
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.corners[..]) + size_of_val(&self.lowest[..]) + size_of_val(&self.caps[..])
    }

    /// The level above.
    pub(crate) fn cover(&self, dim: usize) -> Self {
        let mut above = Self::default();
        for start in (0..self.len()).step_by(FAN) {
            let (mut low, mut high) = (vec![f32::INFINITY; dim], vec![f32::NEG_INFINITY; dim]);
            let (mut lowest, mut cap) = (u32::MAX, 0.0_f32);
            for i in start..(start + FAN).min(self.len()) {
                let (l, h) = self.corners(i, dim);
                low.iter_mut().zip(l).for_each(|(a, b)| *a = a.min(*b));
                high.iter_mut().zip(h).for_each(|(a, b)| *a = a.max(*b));
                lowest = lowest.min(self.lowest(i));
                cap = cap.max(self.cap(i));
            }
            above.push(&low, &high, lowest, cap);
        }
        above
    }
}

/// Squared distance between two boxes, 0 where they overlap.
#[inline]
pub(crate) fn between(a: (&[f32], &[f32]), b: (&[f32], &[f32])) -> f32 {
    let mut sum = 0.0;
    for (((&a_low, &a_high), &b_low), &b_high) in a.0.iter().zip(a.1).zip(b.0).zip(b.1) {
        // At most one of the two gaps is above 0.
        let (right, left) = (b_low - a_high, a_low - b_high);
        let gap = if right > 0.0 {
            right
        } else if left > 0.0 {
            left
        } else {
            0.0
        };
        sum += gap * gap;
    }
    sum
}
