//! Looks at the write-ahead log before the database opens it. SQLite takes what it can check, up to
//! the first frame that is wrong, and says nothing: after a crash that is right, because nobody was
//! told of a transaction whose frames are not whole. Where whole transactions *follow* the wrong
//! frame, something was damaged that may have been acknowledged.
//!
//! The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read},
    path::{Path, PathBuf},
};

use hoopoe_db::{DbError, DbErrorKind};

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The last bit says in which byte order sums are made.
const MAGIC: u32 = 0x377f_0682;

/// What a write-ahead log looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wal {
    /// None, or one that is whole as far as anybody was told of it.
    Sound,
    /// Transactions that had been committed stand behind a frame that is wrong: they are lost.
    Torn {
        /// Where the wrong frame begins.
        at_byte: u64,
    },
    /// Its header is wrong, so that nothing of it can be read.
    Headless,
}

/// Looks at the write-ahead log of a database file.
pub(crate) fn examine(database: &Path) -> Result<Wal, DbError> {
    let path = wal_of(database);
    let told =
        |error: io::Error| DbError::new(DbErrorKind::Io, format!("{}: {error}", path.display()));
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Wal::Sound),
        Err(error) => return Err(told(error)),
    };
    read(&mut BufReader::with_capacity(256 * 1024, file)).map_err(told)
}

/// The write-ahead log beside a database file.
pub(crate) fn wal_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// The running sum over words.
#[derive(Clone, Copy)]
struct Sum {
    is_big_endian: bool,
    halves: (u32, u32),
}

impl Sum {
    fn add(&mut self, bytes: &[u8]) {
        let (mut one, mut two) = self.halves;
        for pair in bytes.chunks_exact(8) {
            one = one.wrapping_add(self.word(pair)).wrapping_add(two);
            two = two.wrapping_add(self.word(&pair[4..])).wrapping_add(one);
        }
        self.halves = (one, two);
    }

    fn word(&self, bytes: &[u8]) -> u32 {
        let four = [bytes[0], bytes[1], bytes[2], bytes[3]];
        if self.is_big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    }
}

/// A number as it stands in headers.
fn number(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn read(wal: &mut impl Read) -> io::Result<Wal> {
    let mut header = [0; HEADER_BYTES];
    if !filled(wal, &mut header)? {
        return Ok(Wal::Sound);
    }
    let magic = number(&header, 0);
    let mut sum = Sum { is_big_endian: magic & 1 == 1, halves: (0, 0) };
    sum.add(&header[..24]);
    let page_bytes = number(&header, 8) as usize;
    let is_header = magic & !1 == MAGIC && sum.halves == (number(&header, 24), number(&header, 28));
    if !is_header || !page_bytes.is_power_of_two() || !(512..=65_536).contains(&page_bytes) {
        // One that was truncated to zeros, or never got further than its header, holds nothing.
        let mut rest = [0; FRAME_HEADER_BYTES];
        return Ok(if filled(wal, &mut rest)? { Wal::Headless } else { Wal::Sound });
    }
    let mut frame = vec![0; FRAME_HEADER_BYTES + page_bytes];
    let mut at_byte = HEADER_BYTES as u64;
    let mut wrong: Option<u64> = None;
    while filled(wal, &mut frame)? {
        let is_of_this_log = frame[8..16] == header[16..24];
        if wrong.is_none() {
            sum.add(&frame[..8]);
            sum.add(&frame[FRAME_HEADER_BYTES..]);
            let is_whole = sum.halves == (number(&frame, 16), number(&frame, 20));
            if !is_of_this_log || !is_whole {
                wrong = Some(at_byte);
            }
        } else if is_of_this_log && number(&frame, 4) != 0 {
            return Ok(Wal::Torn { at_byte: wrong.unwrap_or(at_byte) });
        }
        // The wrong frame itself may have ended a transaction.
        if wrong == Some(at_byte) && is_of_this_log && number(&frame, 4) != 0 {
            return Ok(Wal::Torn { at_byte });
        }
        at_byte += frame.len() as u64;
    }
    Ok(Wal::Sound)
}

/// `false`: the file ends here.
fn filled(from: &mut impl Read, into: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(into) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    const FRAME: usize = FRAME_HEADER_BYTES + 4_096;

    /// The bytes of a log that SQLite itself has written: some transactions.
    fn written() -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (a)",
            )
            .unwrap();
        for text in ["one", "two", "three"] {
            connection.execute("INSERT INTO t VALUES ($1)", [text.repeat(3_000)]).unwrap();
        }
        std::fs::read(wal_of(&path)).unwrap()
    }

    fn judged(bytes: &[u8]) -> Wal {
        read(&mut &*bytes).unwrap()
    }

    #[test]
    fn what_sqlite_has_written_is_sound_and_so_is_any_beginning_of_it() {
        let wal = written();
        assert!(wal.len() > 6 * FRAME);
        for end in [0, 10, 32, 40, FRAME, wal.len() - FRAME, wal.len() - 1, wal.len()] {
            assert_eq!(judged(&wal[..end]), Wal::Sound, "{end} bytes");
        }
    }

    #[test]
    fn a_flipped_bit_in_front_of_a_commit_is_told() {
        let wal = written();
        for at in [HEADER_BYTES + 30, HEADER_BYTES + FRAME + 100, wal.len() - 1, wal.len() - 5_000]
        {
            let mut torn = wal.clone();
            torn[at] ^= 4;
            let begin = (at - HEADER_BYTES) / FRAME * FRAME + HEADER_BYTES;
            assert_eq!(judged(&torn), Wal::Torn { at_byte: begin as u64 }, "{at}");
        }
    }

    #[test]
    fn frames_of_an_older_log_are_no_damage() {
        let mut wal = written();
        let older = wal[HEADER_BYTES..].to_vec();
        wal.extend_from_slice(&older);
        let first = HEADER_BYTES + older.len();
        for frame in 0..older.len() / FRAME {
            // Another salt: the log has begun anew since.
            wal[first + frame * FRAME + 8] ^= 1;
        }
        assert_eq!(judged(&wal), Wal::Sound);
    }

    #[test]
    fn a_log_whose_header_is_wrong_is_headless() {
        for at in [0, 9, 17, 25] {
            let mut wal = written();
            wal[at] ^= 1;
            assert_eq!(judged(&wal), Wal::Headless, "{at}");
        }
        assert_eq!(judged(&[0; 32]), Wal::Sound);
    }
}
