//! The fuzzer's inputs as a plain test.

use std::{fs, path::Path};

#[test]
fn what_the_fuzzer_has_found_holds() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/frames");
    let mut count = 0;
    for entry in fs::read_dir(&corpus).unwrap() {
        hoopoe_gateway::fuzz::client_bytes(&fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count >= 30, "{count} inputs in {}", corpus.display());
}
