//! The binary: reads its command line and settings, puts the house together (`compose`), serves,
//! and does the operator's work beside a running server or without one.

mod about;
mod api;
mod audit;
mod chat;
mod cli;
mod compose;
mod config;
mod control;
mod data_dir;
mod demo;
mod doctor;
mod logging;
mod machine;
mod operator;
mod output;
mod restore;
mod serve;
mod timers;
mod trouble;
mod web;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// Runs the command line of this process. The exit code is 0, 1 for a failure that standard error
/// tells in one line, or 2 for wrong usage.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    match cli.run() {
        Ok(code) => code,
        Err(trouble) => trouble.report(),
    }
}
