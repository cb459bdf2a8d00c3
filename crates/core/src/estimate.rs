//! What a computation will take, before it starts.

/// Memory, work and time of a computation.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Estimate {
    /// Bytes at the peak, the result included, the input not; to some tens of percent.
    pub bytes: u64,
    /// Steps of the kind the computation consists of: a count by which two runs of one kind can be compared.
    pub operations: u64,
    /// Seconds, within a factor of two or three on a processor like the one that `DESIGN.md` names.
    pub seconds: f64,
    /// Cores the seconds are for.
    pub threads: u32,
}

impl Estimate {
    /// An estimate from the operations that one core does a second.
    ///
    /// ```
    /// let estimate = canopy_core::Estimate::new(1024, 6_000_000_000, 1e9, 2);
    /// assert_eq!((estimate.seconds, estimate.threads), (3.0, 2));
    /// ```
    pub fn new(bytes: u64, operations: u64, a_second: f64, threads: usize) -> Self {
        let threads = u32::try_from(threads.max(1)).unwrap_or(u32::MAX);
        Self { bytes, operations, seconds: operations as f64 / a_second / f64::from(threads), threads }
    }
}
