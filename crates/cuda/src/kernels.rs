//! The kernels and where they lie.

/// A kernel by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(usize)]
pub enum Kernel {
    /// Exact scores of rows in 32 bits.
    RerankF32,
    /// Exact scores of rows in 16 bits.
    RerankF16,
    /// Exact scores of rows of bytes.
    RerankU8,
    /// Tables of distances from the entries of a product quantiser.
    PqTables,
    /// Sums of the tables' entries over lists of codes, and the nearest of them.
    PqScan,
    /// The nearest of those found before.
    PqSelect,
    /// The zeroth Chebyshev term, in 32 bits.
    HeatStartF32,
    /// The zeroth Chebyshev term, in 64 bits.
    HeatStartF64,
    /// A step of the Chebyshev recurrence, in 32 bits.
    HeatStepF32,
    /// A step of the Chebyshev recurrence, in 64 bits.
    HeatStepF64,
    /// Parts of the characteristic function of heat in 32 bits.
    HeatCharacteristicF32,
    /// Parts of the characteristic function of heat in 64 bits.
    HeatCharacteristicF64,
    /// The sums of these parts.
    HeatSum,
}

impl Kernel {
    /// All, in the order of their numbers.
    pub const ALL: [Self; 13] = [
        Self::RerankF32,
        Self::RerankF16,
        Self::RerankU8,
        Self::PqTables,
        Self::PqScan,
        Self::PqSelect,
        Self::HeatStartF32,
        Self::HeatStartF64,
        Self::HeatStepF32,
        Self::HeatStepF64,
        Self::HeatCharacteristicF32,
        Self::HeatCharacteristicF64,
        Self::HeatSum,
    ];

    /// Its name in the source.
    pub fn name(self) -> &'static str {
        match self {
            Self::RerankF32 => "rerank_f32",
            Self::RerankF16 => "rerank_f16",
            Self::RerankU8 => "rerank_u8",
            Self::PqTables => "pq_tables",
            Self::PqScan => "pq_scan",
            Self::PqSelect => "pq_select",
            Self::HeatStartF32 => "heat_start_f32",
            Self::HeatStartF64 => "heat_start_f64",
            Self::HeatStepF32 => "heat_step_f32",
            Self::HeatStepF64 => "heat_step_f64",
            Self::HeatCharacteristicF32 => "heat_characteristic_f32",
            Self::HeatCharacteristicF64 => "heat_characteristic_f64",
            Self::HeatSum => "heat_sum",
        }
    }

    /// The PTX that holds it.
    pub(crate) fn ptx(self) -> &'static str {
        match self {
            Self::RerankF32 | Self::RerankF16 | Self::RerankU8 => RERANK,
            Self::PqTables | Self::PqScan | Self::PqSelect => PQ,
            _ => HEAT,
        }
    }
}

/// Threads of every block; as in `common.cuh`.
pub(crate) const THREADS: u32 = 256;

const RERANK: &str = include_str!("../kernels/rerank.ptx");
const PQ: &str = include_str!("../kernels/pq.ptx");
const HEAT: &str = include_str!("../kernels/heat.ptx");
