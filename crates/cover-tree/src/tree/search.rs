//! Queries that rely on nothing but the triangle inequality.

use super::flat::Tree;
use super::level::is_distance;
use crate::error::Error;
use crate::except::{Except, Gone};
use crate::metric::Metric;
use crate::neighbours::{Keep, MISSING};
use crate::points::Points;

/// A query under way.
struct Search<'a, M: ?Sized, K> {
    tree: &'a Tree,
    points: &'a Points,
    metric: &'a M,
    query: &'a [f64],
    except: Except,
    gone: &'a Gone,
    keep: &'a mut K,
}

/// A subtree that is still to be looked into, and the distance of its node.
struct Open {
    node: u32,
    distance: f64,
}

impl Tree {
    /// Shows `keep` every point that it may want.
    pub(crate) fn search<K: Keep>(
        &self,
        points: &Points,
        metric: &(impl Metric + ?Sized),
        query: &[f64],
        (except, gone): (Except, &Gone),
        keep: &mut K,
    ) -> Result<(), Error> {
        if self.len() == 0 {
            return Ok(());
        }
        let mut search = Search { tree: self, points, metric, query, except, gone, keep };
        let mut open = vec![Open { node: 0, distance: search.show(0)? }];
        let mut children = Vec::new();
        while let Some(Open { node, distance }) = open.pop() {
            // What was near enough when it was found may be too far by now.
            if search.is_beyond(node as usize, distance) {
                continue;
            }
            search.keep.pause();
            let mut child = node + 1;
            while child < self.ends[node as usize] {
                let end = self.ends[child as usize];
                if self.lowest[child as usize] < search.from() {
                    let distance = search.show(child as usize)?;
                    if end > child + 1 && !search.is_beyond(child as usize, distance) {
                        children.push(Open { node: child, distance });
                    }
                }
                child = end;
            }
            // The nearest subtree is looked into first: it narrows the search for the others.
            children.sort_unstable_by(|a, b| b.distance.total_cmp(&a.distance));
            open.append(&mut children);
        }
        Ok(())
    }
}

impl<M: Metric + ?Sized, K: Keep> Search<'_, M, K> {
    fn from(&self) -> u32 {
        self.except.from.min(self.keep.zeros_from())
    }

    fn is_beyond(&self, node: usize, distance: f64) -> bool {
        self.tree.is_beyond(node, distance, self.keep.limit())
    }

    /// Offers the points of a node and gives the node's distance.
    fn show(&mut self, node: usize) -> Result<f64, Error> {
        let id = self.tree.ids[node];
        let distance = self.measure(id, self.tree.row(node))?;
        self.offer(id, distance);
        let points = self.points;
        for &twin in self.tree.twins(node) {
            if twin >= self.from() {
                break;
            }
            let distance = self.measure(twin, points.row(twin as usize))?;
            self.offer(twin, distance);
        }
        Ok(distance)
    }

    fn measure(&self, id: u32, point: &[f64]) -> Result<f64, Error> {
        let distance = self.metric.distance(self.query, point);
        if is_distance(distance) { Ok(distance) } else { Err(Error::Metric { a: MISSING, b: id, distance }) }
    }

    fn offer(&mut self, id: u32, distance: f64) {
        if id != self.except.id && id < self.except.from && !self.gone.has(id) {
            self.keep.offer(id, distance);
        }
    }
}
