//! Checks that a tree is what it says it is.

use super::flat::Tree;
use super::level::{covering, is_twin, reach};
use crate::metric::Metric;
use crate::points::Points;

/// An invariant that doesn't hold; a defect of ours, or of a metric that breaks the triangle inequality.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Defect {
    /// A point is in the tree more than once, or not at all.
    #[error("point {id} is in the tree {times} times, expected once, or never if it was removed")]
    Times {
        /// The point.
        id: u32,
        /// How often it was met.
        times: u32,
    },
    /// The runs of preorder don't nest, or a child isn't below its parent.
    #[error("the node of point {id} isn't inside its parent's run, or not at a lower level")]
    Nesting {
        /// The point of the node.
        id: u32,
    },
    /// A child is farther from its parent than `2^(level + 1)`, or not at the level that the distance asks for.
    #[error("point {id} of level {level} is at distance {distance} from its parent")]
    Covering {
        /// The child.
        id: u32,
        /// Its level.
        level: i32,
        /// Distance to the parent.
        distance: f64,
    },
    /// Two points of a level are too near each other.
    #[error("points {a} and {b} share level {level} at distance {distance}")]
    Separation {
        /// A point.
        a: u32,
        /// Another point.
        b: u32,
        /// The level.
        level: i32,
        /// Their distance.
        distance: f64,
    },
    /// A point lies outside the radius that stands for its subtree.
    #[error("point {id} is at distance {distance} from an ancestor of radius {radius}")]
    Radius {
        /// The point.
        id: u32,
        /// Distance to the ancestor.
        distance: f64,
        /// Radius of the ancestor.
        radius: f64,
    },
    /// Points that share a node aren't at one place.
    #[error("points {a} and {b} share a node at distance {distance}")]
    Twins {
        /// The point of the node.
        a: u32,
        /// The other.
        b: u32,
        /// Their distance.
        distance: f64,
    },
}

impl Tree {
    /// Checks every invariant; `held` names the points that should be here.
    pub(crate) fn validate(
        &self,
        points: &Points,
        held: &[u32],
        metric: &(impl Metric + ?Sized),
    ) -> Result<(), Defect> {
        self.every_point_once(points.len(), held)?;
        for node in 0..self.len() {
            self.place(node, metric)?;
            self.companions(node, points, metric)?;
        }
        // The last check prunes by the radii, so it comes after theirs.
        (0..self.len()).try_for_each(|node| self.separation(node, metric))
    }

    fn every_point_once(&self, count: usize, held: &[u32]) -> Result<(), Defect> {
        let mut times = vec![0_u32; count];
        let mut expected = vec![0_u32; count];
        held.iter().for_each(|&id| expected[id as usize] = 1);
        for &id in self.ids.iter().chain(&self.twins) {
            match times.get_mut(id as usize) {
                Some(times) => *times += 1,
                None => return Err(Defect::Times { id, times: 1 }),
            }
        }
        match (0..count).find(|&id| times[id] != expected[id]) {
            None => Ok(()),
            Some(id) => Err(Defect::Times { id: id as u32, times: times[id] }),
        }
    }

    /// Nesting, covering and radii, seen from a node up to the root.
    fn place(&self, node: usize, metric: &(impl Metric + ?Sized)) -> Result<(), Defect> {
        let id = self.ids[node];
        if node == 0 {
            return if self.ends[0] as usize == self.len() { Ok(()) } else { Err(Defect::Nesting { id }) };
        }
        let parent = self.parents[node] as usize;
        let level = self.levels[node];
        if parent >= node || self.ends[node] > self.ends[parent] || level >= self.levels[parent] {
            return Err(Defect::Nesting { id });
        }
        let distance = metric.distance(self.row(node), self.row(parent));
        if is_twin(distance) || covering(distance) != level + 1 {
            return Err(Defect::Covering { id, level, distance });
        }
        let mut above = node;
        while above != 0 {
            above = self.parents[above] as usize;
            let (distance, radius) = (metric.distance(self.row(node), self.row(above)), self.radii[above]);
            if distance > radius * (1.0 + 1e-9) {
                return Err(Defect::Radius { id, distance, radius });
            }
        }
        Ok(())
    }

    fn companions(&self, node: usize, points: &Points, metric: &(impl Metric + ?Sized)) -> Result<(), Defect> {
        for &b in self.twins(node) {
            let distance = metric.distance(self.row(node), points.row(b as usize));
            if !is_twin(distance) {
                return Err(Defect::Twins { a: self.ids[node], b, distance });
            }
        }
        Ok(())
    }

    fn separation(&self, node: usize, metric: &(impl Metric + ?Sized)) -> Result<(), Defect> {
        let own = self.levels[node];
        let mut other = 0;
        while other < self.len() {
            let distance = metric.distance(self.row(node), self.row(other));
            let level = own.min(self.levels[other]);
            if other != node && distance <= reach(level) {
                return Err(Defect::Separation { a: self.ids[node], b: self.ids[other], level, distance });
            }
            let below = reach(own.min(self.levels[other] - 1));
            let skip = self.is_beyond(other, distance, below);
            other = if skip { self.ends[other] as usize } else { other + 1 };
        }
        Ok(())
    }
}
