//! Why nodes of a kept graph belong together.

use crate::error::Error;
use crate::graphs::Graphs;
use canopy_core::Cancel;
use canopy_graph::{ExplainOptions, Explanation, explain_named};

impl Graphs {
    /// Explains a node. Neither a change nor its size costs reading the graph anew: what changed lies over what was read once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::NodeNotFound`], `GRAPH_OPTION`, [`Error::Cancelled`], `STORE_*`, `CLOSED`.
    pub fn explain(
        &self,
        name: &str,
        id: &str,
        options: &ExplainOptions,
        cancel: &Cancel,
    ) -> Result<Explanation, Error> {
        let view = self.view(name)?;
        let gone = || Error::NodeNotFound { graph: name.to_owned(), id: id.chars().take(64).collect() };
        let node = view.find(id).ok_or_else(gone)?;
        Ok(explain_named(&view.graph, node, None, |node| view.name(node), options, cancel)?)
    }
}
