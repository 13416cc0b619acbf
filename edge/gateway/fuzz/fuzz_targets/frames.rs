//! Bytes of a client, in whatever pieces they come.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hoopoe_gateway::fuzz::client_bytes(bytes));
