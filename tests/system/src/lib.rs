//! tests/system
