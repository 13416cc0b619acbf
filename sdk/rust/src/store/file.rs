//! An outbox in a file that only grows, until it is written anew.
//!
//! Each line is a check sum and a record as JSON. Lines reach the disk (`fdatasync`) before an
//! append returns. What a crash left half-written at the end is cut off; a line that does not
//! match its check sum is passed over.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::Store;
use crate::core::{Image, Record};

/// The file is written anew when it has this many lines more than it needs.
const SPARE_LINES_MAX: usize = 1_000;
/// Hexadecimal digits of a check sum.
const SUM_DIGITS: usize = 16;

/// An outbox in a file. One process at a time has it open.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    file: File,
    image: Image,
    lines: usize,
    damaged: usize,
    /// A write failed: nobody knows what stands at the end, so the file is written anew.
    is_suspect: bool,
}

impl FileStore {
    /// Opens the outbox in this file, or begins one. The folder must be there.
    ///
    /// # Errors
    /// When it cannot be opened or read, or another process has it open.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        let path = path.into();
        let file = lock(&path)?;
        let bytes = fs::read(&path)?;
        let (mut image, mut lines, mut damaged) = (Image::default(), 0, 0);
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
            lines += 1;
            match parse(line) {
                Some(record) => image.apply(record),
                None => damaged += 1,
            }
        }
        if whole < bytes.len() {
            file.set_len(whole as u64)?;
        }
        file.sync_all()?;
        sync_folder(&path)?;
        Ok(Self { path, file, image, lines, damaged, is_suspect: false })
    }

    /// Lines that did not match their check sums when the file was opened.
    pub fn damaged(&self) -> usize {
        self.damaged
    }

    /// Writes what the records come to into a new file, and puts it in place of the old one.
    fn rewrite(&mut self, image: &Image) -> io::Result<()> {
        let mut name = self.path.clone().into_os_string();
        name.push(".new");
        let beside = PathBuf::from(name);
        let mut file = lock(&beside)?;
        file.set_len(0)?;
        let records = image.records();
        file.write_all(&encode(&records)?)?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        sync_folder(&self.path)?;
        self.file = file;
        self.lines = records.len();
        self.is_suspect = false;
        Ok(())
    }

    fn write(&mut self, records: &[Record]) -> io::Result<()> {
        self.file.write_all(&encode(records)?)?;
        self.file.sync_data()
    }
}

impl Store for FileStore {
    fn load(&mut self) -> io::Result<Image> {
        Ok(self.image.clone())
    }

    fn append(&mut self, records: &[Record]) -> io::Result<()> {
        let needed = self.image.sent.len() * 2 + self.image.queued.len() + 2;
        if self.is_suspect || self.lines > needed + SPARE_LINES_MAX {
            let mut image = self.image.clone();
            records.iter().cloned().for_each(|record| image.apply(record));
            self.rewrite(&image)?;
            self.image = image;
            return Ok(());
        }
        if let Err(error) = self.write(records) {
            self.is_suspect = true;
            return Err(error);
        }
        self.lines += records.len();
        records.iter().cloned().for_each(|record| self.image.apply(record));
        Ok(())
    }
}

/// Opens a file for this process alone.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    file.try_lock().map_err(|_| {
        let words = format!("{} is open in another process", path.display());
        io::Error::new(io::ErrorKind::WouldBlock, words)
    })?;
    Ok(file)
}

/// A file's name is safe when its folder is.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn encode(records: &[Record]) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        let json = serde_json::to_string(record)?;
        bytes.extend_from_slice(format!("{} {json}\n", sum(json.as_bytes())).as_bytes());
    }
    Ok(bytes)
}

fn parse(line: &[u8]) -> Option<Record> {
    let (written, rest) = line.strip_suffix(b"\n")?.split_at_checked(SUM_DIGITS)?;
    let json = rest.strip_prefix(b" ")?;
    (sum(json).as_bytes() == written).then(|| serde_json::from_slice(json).ok())?
}

fn sum(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().take(SUM_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::{
        ConversationId, Metadata,
        messages::{SendKind, SendRequest},
    };

    use super::*;
    use crate::core::Item;

    fn queued(number: usize) -> Record {
        let request = SendRequest {
            conversation: ConversationId([1; 16]),
            client_id: format!("id{number}"),
            kind: SendKind::Text,
            text: Some(format!("第{number}条\n消息")),
            reply_to: None,
            mentions: Vec::new(),
            metadata: Metadata::new(),
        };
        Record::Queued(Item { request, queued_at_ms: number as i64 })
    }

    fn sent(number: usize) -> Record {
        Record::Sent { client_id: format!("id{number}"), at_ms: number as i64 }
    }

    fn ids(store: &mut FileStore) -> Vec<String> {
        let image = store.load().unwrap();
        image.queued.into_iter().map(|item| item.request.client_id).collect()
    }

    #[test]
    fn what_was_appended_is_there_after_opening_again() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("outbox");
        let mut store = FileStore::open(&path).unwrap();
        store.append(&[queued(1), queued(2), Record::Epoch { epoch: 7 }]).unwrap();
        store.append(&[sent(1), queued(3), Record::Dropped { client_id: "id3".into() }]).unwrap();
        drop(store);
        let mut store = FileStore::open(&path).unwrap();
        assert_eq!(ids(&mut store), ["id2"]);
        let image = store.load().unwrap();
        assert_eq!((image.epoch, image.sent.len(), store.damaged()), (Some(7), 1, 0));
    }

    #[test]
    fn a_torn_tail_is_cut_at_every_byte_and_nothing_before_it_is_lost() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("outbox");
        let mut store = FileStore::open(&path).unwrap();
        store.append(&[queued(1)]).unwrap();
        let first = fs::read(&path).unwrap().len();
        store.append(&[queued(2)]).unwrap();
        drop(store);
        let whole = fs::read(&path).unwrap();
        for end in first..=whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            let mut store = FileStore::open(&path).unwrap();
            let expected: &[&str] = if end == whole.len() { &["id1", "id2"] } else { &["id1"] };
            assert_eq!(ids(&mut store), expected, "cut at {end} of {}", whole.len());
            store.append(&[queued(3)]).unwrap();
            drop(store);
            let mut store = FileStore::open(&path).unwrap();
            assert_eq!(ids(&mut store).last().map(String::as_str), Some("id3"), "cut at {end}");
            assert_eq!(store.damaged(), 0);
        }
    }

    #[test]
    fn a_damaged_line_costs_itself_only() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("outbox");
        let mut store = FileStore::open(&path).unwrap();
        store.append(&[queued(1), queued(2), queued(3)]).unwrap();
        drop(store);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, &bytes).unwrap();
        let mut store = FileStore::open(&path).unwrap();
        assert_eq!((ids(&mut store), store.damaged()), (vec!["id1".into(), "id3".into()], 1));
    }

    #[test]
    fn a_long_history_is_written_anew_and_stays_small() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("outbox");
        let mut store = FileStore::open(&path).unwrap();
        store.append(&[queued(0)]).unwrap();
        for number in 1..2_000 {
            store.append(&[queued(number), sent(number)]).unwrap();
        }
        assert!(store.lines < 2_000, "{}", store.lines);
        drop(store);
        let mut store = FileStore::open(&path).unwrap();
        assert_eq!(ids(&mut store), ["id0"]);
        assert_eq!(store.load().unwrap().sent.len(), 256);
    }

    #[test]
    fn two_processes_do_not_share_an_outbox() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("outbox");
        let _open = FileStore::open(&path).unwrap();
        let error = FileStore::open(&path).unwrap_err();
        assert!(error.to_string().contains("another process"), "{error}");
    }
}
