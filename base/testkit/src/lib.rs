//! What tests need: both databases, clocks that stand still, people, and scripted clients whose
//! journal is checked at the end.

pub mod apart;
pub mod checker;
pub mod client;
pub mod clock;
pub mod db;
pub mod evidence;
pub mod harness;
pub mod journal;
pub mod open;
pub mod peer;
pub mod people;
pub mod postgres;
pub mod proxy;
pub mod recorder;
pub mod rest;
pub mod server;
pub mod shim;
pub mod swarm;

pub use clock::{FakeClock, FakeEntropy, TestEnv, test_env, test_env_seeded};
pub use db::{TestDb, Which, run_db_test};
pub use hoopoe_testkit_macros::db_test;
pub use open::Open;
