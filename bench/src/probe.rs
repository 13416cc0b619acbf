//! What the disk itself costs: appends of 4 KiB, each made durable, while nothing else runs.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::pace::Latencies;
use crate::trouble::{Doing, Outcome};

const BLOCK_BYTES: usize = 4096;
const MOST: u64 = 5000;

/// Appends blocks to a new file in `folder` for `how_long` (at most 5,000 times), with `fdatasync`
/// after each; the file is removed again.
pub(crate) fn fsync_latencies(folder: &Path, how_long: Duration) -> Outcome<Latencies> {
    let path = folder.join("fsync-probe");
    let mut file = File::create(&path).doing(|| format!("creating {}", path.display()))?;
    let block = [0x5a; BLOCK_BYTES];
    let mut latencies = Latencies::new();
    let end = Instant::now() + how_long;
    while latencies.count() == 0 || (Instant::now() < end && latencies.count() < MOST) {
        let before = Instant::now();
        file.write_all(&block).doing(|| "appending to the fsync probe")?;
        file.sync_data().doing(|| "syncing the fsync probe")?;
        latencies.record(before.elapsed());
    }
    drop(file);
    std::fs::remove_file(&path).doing(|| format!("removing {}", path.display()))?;
    Ok(latencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_probe_measures_and_leaves_nothing_behind() {
        let home = tempfile::tempdir().unwrap();
        let latencies = fsync_latencies(home.path(), Duration::from_millis(20)).unwrap();
        assert!(latencies.count() > 0);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
    }
}
