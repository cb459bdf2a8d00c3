//! Distance and matrix kernels, chosen at run time for the machine they run on.
