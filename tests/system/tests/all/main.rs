//! The whole system: the real binary, scripted clients beside it, faults, and a checker that
//! judges what the clients saw. Everything runs against `HOOPOE_BIN`, or `hoopoe` beside the
//! tests, which must be built with the `faults` feature.
//!
//! `HOOPOE_LONG=1` makes the runs under load as long as a release deserves; `HOOPOE_SEED=n` replays
//! the plan of a failed one.

#![expect(clippy::unwrap_used, reason = "every function here is part of a test")]
#![expect(clippy::print_stdout, reason = "what a long test did is shown when it fails")]

mod acks;
mod acts;
mod awareness;
mod chat;
mod clock;
mod command_line;
mod discretion;
mod disk;
mod duplicates;
mod first_chat;
mod foreign;
mod house;
mod kills;
mod load;
mod nul;
mod phases;
mod postgres;
mod process;
mod removal;
mod removal_races;
mod resources;
mod restore;
mod resume;
mod sdk;
mod sdk_signin;
mod seeded_bugs;
mod sessions;
mod signin;
mod slow_consumer;
mod storm;
mod table;
mod tls;
mod torn_wal;
