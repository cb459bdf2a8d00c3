//! Vector search: the exact scan over int8 codes with a proven bound.
