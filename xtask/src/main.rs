//! `cargo xtask`: the tasks of this repository, in plain Rust.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool prints")]

mod bench;
mod build_cmd;
mod dist;
mod generate;
mod layers;
mod test;
mod tidy;
mod web;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use workspace::Workspace;

/// The tasks of the Hoopoe repository.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Check the rules that no compiler checks: layers, sizes, bans, shapes, links
    ///
    /// Prints one line per finding, `path:line: rule: what to do`. Exceptions stand in
    /// xtask/tidy.allow, each with its reason.
    Tidy,
    /// Write the OpenAPI and AsyncAPI descriptions, the error list, the limits page and the
    /// TypeScript types
    Gen {
        /// Write nothing; fail when a file would change
        #[arg(long)]
        check: bool,
    },
    /// Build web, then server, and print the path of the binary as the last line
    Build {
        /// Optimise
        #[arg(long)]
        release: bool,
    },
    /// Build in release mode and start a demo server on 127.0.0.1:8080, its data in ./data
    Run {
        /// More arguments for `hoopoe serve`, after `--`
        #[arg(last = true)]
        more: Vec<String>,
    },
    /// Pack a stripped release build with unit, settings and licences into target/dist
    Dist,
    /// Run all tests, one part of them, or those of one crate
    ///
    /// Parts, in order: fmt, clippy, tidy, web, gen, unit, domains, system, browser, schema,
    /// independent, counts, examples. Any other word is a crate (`stickers`, `hoopoe-log`); `budget`
    /// times an edit in a domain. What is missing on the machine (PostgreSQL, valgrind, Node,
    /// Python, Chromium) is installed when run as root on Debian. The last line is `N passed, N failed`.
    Test {
        /// A part, a crate, or `budget`
        part: Option<String>,
        /// More rounds: for the night
        #[arg(long)]
        long: bool,
        /// With `counts`: write the counts as the new table instead of comparing
        #[arg(long)]
        bless: bool,
    },
    /// Measure a release build with hoopoe-bench
    Bench {
        /// One benchmark; all when absent
        name: Option<String>,
        /// Write one JSON object per figure to this file, which is overwritten
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.task) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs a task; `false` when it found something wrong and has said so.
fn run(task: Task) -> Result<bool, String> {
    if matches!(task, Task::Tidy) {
        return Ok(tidy::run()? == 0);
    }
    let workspace = Workspace::load()?;
    match task {
        Task::Tidy => {}
        Task::Gen { check } => generate::command(&workspace, check)?,
        Task::Build { release } => {
            println!("{}", build_cmd::build(&workspace, release)?.display());
        }
        Task::Run { more } => build_cmd::demo(&workspace, &more)?,
        Task::Dist => println!("{}", dist::dist(&workspace)?.display()),
        Task::Test { part, long, bless } => {
            return test::command(&workspace, &test::Options { part, long, bless });
        }
        Task::Bench { name, json } => {
            bench::command(&workspace, name.as_deref(), json.as_deref())?;
        }
    }
    Ok(true)
}
