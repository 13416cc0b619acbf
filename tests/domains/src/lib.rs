//! The tests of all domains are in `tests/all`; this library is empty.
