//! The parts of `cargo xtask test`.

use std::process::Command;

use super::tally::{Runner, Tally, tallied};
use super::{Options, counts, independent, needs, schema, web};
use crate::workspace::{Package, Workspace, run, which};
use crate::{generate, tidy};

/// The one set of features with which the workspace is compiled for its tests.
const WHOLE: &[&str] = &["--workspace", "--features", "hoopoe/faults"];
/// Crates with fail points of their own.
const FAULTY: &[&str] = &["hoopoe", "hoopoe-kernel"];
/// The crates whose tests are parts of their own.
const DOMAIN_TESTS: &str = "hoopoe-domain-tests";
const SYSTEM_TESTS: &str = "hoopoe-system-tests";

/// A part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// rustfmt.
    Fmt,
    /// clippy, warnings being errors.
    Clippy,
    /// The rules of the house.
    Tidy,
    /// The web half: lints, types, unit tests, builds, sizes.
    Web,
    /// Generated files are fresh.
    Gen,
    /// Unit, property and snapshot tests of all crates.
    Unit,
    /// The behaviours of the domains, on both databases.
    Domains,
    /// A real server with real clients.
    System,
    /// Real browsers with the client.
    Browser,
    /// Requests made from the OpenAPI document.
    Schema,
    /// A client in another language, written from the documents alone.
    Independent,
    /// Instruction counts.
    Counts,
    /// The code in the documentation and in `examples/`.
    Examples,
}

impl Part {
    /// All of them, in the order in which they run.
    pub(crate) const ALL: &[Self] = &[
        Self::Fmt,
        Self::Clippy,
        Self::Tidy,
        Self::Web,
        Self::Gen,
        Self::Unit,
        Self::Domains,
        Self::System,
        Self::Browser,
        Self::Schema,
        Self::Independent,
        Self::Counts,
        Self::Examples,
    ];

    /// The word for it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Tidy => "tidy",
            Self::Web => "web",
            Self::Gen => "gen",
            Self::Unit => "unit",
            Self::Domains => "domains",
            Self::System => "system",
            Self::Browser => "browser",
            Self::Schema => "schema",
            Self::Independent => "independent",
            Self::Counts => "counts",
            Self::Examples => "examples",
        }
    }

    /// Whether it uses what [`build`] makes.
    pub(crate) const fn needs_build(self) -> bool {
        matches!(
            self,
            Self::Gen
                | Self::Unit
                | Self::Domains
                | Self::System
                | Self::Browser
                | Self::Schema
                | Self::Independent
                | Self::Examples
        )
    }

    /// Runs it.
    ///
    /// # Errors
    /// When it cannot run at all.
    pub(crate) fn run(self, workspace: &Workspace, options: &Options) -> Result<Tally, String> {
        match self {
            Self::Fmt => {
                let mut cargo = workspace.command("cargo");
                run(cargo.args(["fmt", "--all", "--check"])).map(|()| Tally::PASSED)
            }
            Self::Clippy => {
                let mut cargo = workspace.command("cargo");
                cargo.arg("clippy").args(WHOLE).args(["--all-targets", "--", "-D", "warnings"]);
                run(&mut cargo).map(|()| Tally::PASSED)
            }
            Self::Tidy => Ok(match tidy::run()? {
                0 => Tally::PASSED,
                failed => Tally::of(0, failed),
            }),
            Self::Web => web::run_part(workspace),
            Self::Gen => fresh(workspace),
            Self::Unit => {
                needs::postgres()?;
                let others = format!("not (package({DOMAIN_TESTS}) | package({SYSTEM_TESTS}))");
                let without = ["--exclude", DOMAIN_TESTS, "--exclude", SYSTEM_TESTS];
                tests(workspace, options.long, WHOLE, &others, &without)
            }
            Self::Domains => {
                needs::postgres()?;
                let tally = only(workspace, options.long, DOMAIN_TESTS)?;
                Ok(both_legs(tally))
            }
            Self::System => {
                needs::postgres()?;
                only(workspace, options.long, SYSTEM_TESTS)
            }
            Self::Browser => web::browsers(workspace, options.long),
            Self::Schema => schema::run(workspace, options.long),
            Self::Independent => independent::run(workspace),
            Self::Counts => counts::run(workspace, options.bless),
            Self::Examples => examples(workspace),
        }
    }
}

/// Compiles every test, binary and example, once and for all parts; before it the client, for the
/// binary to take it in, where somebody is going to look at it.
///
/// # Errors
/// When it does not build.
pub(crate) fn build(workspace: &Workspace, with_client: bool) -> Result<Tally, String> {
    if with_client {
        needs::node()?;
        crate::web::build(workspace)?;
    }
    let mut cargo = workspace.command("cargo");
    cargo.arg("build").args(WHOLE).args(["--lib", "--bins", "--tests", "--examples"]);
    run(&mut cargo).map(|()| Tally::PASSED)
}

/// Runs the tests of one crate, and those of its behaviours when it is a domain.
///
/// # Errors
/// When the runner cannot be started, or PostgreSQL is missing.
pub(crate) fn one_crate(
    workspace: &Workspace,
    package: &Package,
    long: bool,
) -> Result<Tally, String> {
    needs::postgres()?;
    let name = package.name.as_str();
    let faults = format!("{name}/faults");
    let mut select = vec!["--package", name];
    if FAULTY.contains(&name) {
        select.extend(["--features", &faults]);
    }
    let mut filter = format!("package(={name})");
    let domain = package.folder();
    if package.dir.starts_with("domain/") {
        select.extend(["--package", DOMAIN_TESTS]);
        filter = format!("{filter} | (package(={DOMAIN_TESTS}) & test(/^{domain}/))");
    }
    let by_name: &[&str] = if package.dir.starts_with("domain/") { &["--", domain] } else { &[] };
    tests(workspace, long, &select, &filter, by_name)
}

fn only(workspace: &Workspace, long: bool, package: &str) -> Result<Tally, String> {
    if which("cargo-nextest").is_some() {
        return tests(workspace, long, WHOLE, &format!("package(={package})"), &[]);
    }
    tests(workspace, long, &["--package", package], "", &[])
}

/// Runs tests with nextest, which takes `filter`, or else with Cargo, which takes `more`.
fn tests(
    workspace: &Workspace,
    long: bool,
    select: &[&str],
    filter: &str,
    more: &[&str],
) -> Result<Tally, String> {
    let mut cargo = workspace.command("cargo");
    let runner = if which("cargo-nextest").is_some() {
        let profile = if long { "long" } else { "ci" };
        cargo.args(["nextest", "run", "--profile", profile]).args(select);
        cargo.args(["--filterset", filter, "--no-tests", "fail"]);
        Runner::Nextest
    } else {
        cargo.arg("test").args(select).args(["--lib", "--bins", "--tests", "--no-fail-fast"]);
        cargo.args(more);
        Runner::Cargo
    };
    surroundings(workspace, &mut cargo, long);
    tallied(runner, &mut cargo)
}

/// What tests may ask of their environment.
fn surroundings(workspace: &Workspace, command: &mut Command, long: bool) {
    command.env("HOOPOE_BIN", workspace.binary("hoopoe", false));
    if long {
        command.env("HOOPOE_LONG", "1");
    }
}

fn fresh(workspace: &Workspace) -> Result<Tally, String> {
    needs::node()?;
    let stale = generate::stale(workspace, &workspace.binary("hoopoe", false))?;
    for line in &stale {
        println!("{line}");
    }
    Ok(if stale.is_empty() { Tally::PASSED } else { Tally::of(0, stale.len()) })
}

/// Runs the code in the documentation and in `examples/`. Only a tree without any may run none.
fn examples(workspace: &Workspace) -> Result<Tally, String> {
    let mut tally = web::examples(workspace)?;
    let count = tidy::doc_examples(&workspace.root)?;
    println!("{count} examples in the documentation");
    if count > 0 {
        let mut cargo = workspace.command("cargo");
        cargo.arg("test").args(WHOLE).args(["--doc", "--no-fail-fast"]);
        let told = tallied(Runner::Cargo, &mut cargo)?;
        tally.passed += told.passed;
        tally.failed += told.failed;
    }
    Ok(tally)
}

/// Every behaviour runs on both databases; PostgreSQL has some of its own beside them.
fn both_legs(mut tally: Tally) -> Tally {
    let (sqlite, postgres) = (tally.on_sqlite, tally.on_postgres);
    println!("{sqlite} tests on SQLite, {postgres} on PostgreSQL");
    if sqlite > postgres || sqlite == 0 {
        println!("each behaviour must run on both: PostgreSQL is no smaller leg");
        tally.failed += 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_leg_is_a_failure() {
        let legs = |on_sqlite, on_postgres| {
            let mut tally = Tally::of(4, 0);
            (tally.on_sqlite, tally.on_postgres) = (on_sqlite, on_postgres);
            both_legs(tally).failed
        };
        assert_eq!(legs(2, 2), 0);
        assert_eq!(legs(2, 1), 1);
        assert_eq!(legs(2, 3), 0);
        assert_eq!(legs(0, 0), 1);
    }
}
