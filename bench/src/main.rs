//! `hoopoe-bench`: measures a Hoopoe server from the outside, over real sockets.

mod api;
mod benches;
mod cli;
mod comeback;
mod connect;
mod fill;
mod goals;
mod house;
mod ledger;
mod load;
mod meter;
mod pace;
mod packed;
mod probe;
mod procfs;
mod progress;
mod report;
mod request;
mod scan;
mod server;
mod slots;
mod socket;
mod traffic;
mod trouble;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;

use crate::cli::{Args, BenchName};
use crate::house::Context;
use crate::progress::say;
use crate::report::{Sink, table};
use crate::trouble::{Doing, Outcome};

/// `statfs` type of a file system in memory.
const TMPFS_MAGIC: i64 = 0x0102_1994;

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            say(&format!("hoopoe-bench {trouble}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the benches; tells whether all of them gave their figures.
fn run(args: &Args) -> Outcome<bool> {
    procfs::raise_open_files()?;
    let absolute =
        |path: &Path| path.canonicalize().doing(|| format!("looking for {}", path.display()));
    let program = absolute(&args.server)?;
    std::fs::create_dir_all(&args.data).doing(|| format!("making {}", args.data.display()))?;
    let context = Context { program, data: absolute(&args.data)?, sizes: args.sizes() };
    warn_of_tmpfs(&context.data);
    let mut sink = Sink::open(args.json.as_deref())?;
    let names = if args.names.is_empty() { &BenchName::ALL[..] } else { &args.names };
    let mut figures = Vec::new();
    let mut failed = Vec::new();
    for name in names {
        match name.run(&context) {
            Ok(mut new) => {
                sink.write(&new)?;
                figures.append(&mut new);
            }
            Err(trouble) => {
                say(&format!("{} {trouble}", name.name()));
                failed.push(name.name());
            }
        }
    }
    print_table(args, &table(&figures));
    if !failed.is_empty() {
        say(&format!("no figures from: {}", failed.join(", ")));
    }
    Ok(failed.is_empty())
}

/// The table goes to standard output, or to standard error when that carries the JSON lines.
fn print_table(args: &Args, table: &str) {
    let json_on_stdout = args.json.as_deref() == Some(Path::new("-"));
    let note = match args.quick {
        true => "quick run: for orientation only, the bars hold for the full one\n",
        false => "",
    };
    let text = format!("{note}{table}");
    // A reader who has gone away does not make the figures wrong.
    let _ = if json_on_stdout {
        io::stderr().write_all(text.as_bytes())
    } else {
        io::stdout().write_all(text.as_bytes())
    };
}

fn warn_of_tmpfs(folder: &Path) {
    if rustix::fs::statfs(folder).is_ok_and(|found| found.f_type == TMPFS_MAGIC) {
        say("the data directory is in memory: durable writes cost nothing there; see --data");
    }
}
