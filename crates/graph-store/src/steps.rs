//! What a transaction changed of what is computed on.

/// One change, in the order in which it was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A node was made.
    Node(i64, String),
    /// An edge got this weight, or went.
    Edge(i64, i64, Option<f64>),
    /// A node went; its edges went before.
    Gone(i64),
}

/// The changes of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    list: Vec<Step>,
    /// Whether hyperedges changed.
    pub(crate) hyperedges: bool,
    /// Whether there were more than are worth following.
    many: bool,
}

/// Changes that are followed at most; reading a graph anew costs about as much as following so many.
pub(crate) const MOST: usize = 50_000;

impl Steps {
    /// None yet; nothing is noted where nobody wants to know.
    pub(crate) fn new(wanted: bool) -> Self {
        Self { many: !wanted, ..Self::default() }
    }

    pub(crate) fn push(&mut self, step: impl FnOnce() -> Step) {
        if self.list.len() == MOST {
            self.overflow();
        }
        if !self.many {
            self.list.push(step());
        }
    }

    /// Gives up: who follows has to read anew.
    pub(crate) fn overflow(&mut self) {
        self.list = Vec::new();
        self.many = true;
    }

    /// The steps, unless there were too many.
    pub(crate) fn list(&self) -> Option<&[Step]> {
        Some(self.list.as_slice()).filter(|_| !self.many)
    }
}
