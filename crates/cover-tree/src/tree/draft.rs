//! The tree while it grows: members in the order in which they were inserted.

/// A point of the tree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Member {
    /// The point.
    pub(crate) id: u32,
    /// Its parent, by place among the members; the root is its own.
    pub(crate) parent: u32,
    /// Its highest level.
    pub(crate) level: i32,
    /// Distance to the parent.
    pub(crate) distance: f64,
}

/// Members and the points that share their places.
#[derive(Debug, Clone, Default)]
pub(crate) struct Draft {
    pub(crate) members: Vec<Member>,
    /// A member's place and the id of a point at distance 0 from it.
    pub(crate) twins: Vec<(u32, u32)>,
}
