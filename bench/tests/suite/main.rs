//! The whole of `hoopoe-bench` against a double of the server.
//!
//! This program plays both parts: started by cargo it runs the tests, started by `hoopoe-bench` as
//! its `--server` it is the double. That is why it does without the usual test harness.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test program: a failed step panics, and the double answers on standard output"
)]

mod double;

use std::path::PathBuf;
use std::process::{Command, ExitCode, Output};

use serde_json::Value;
use tempfile::TempDir;

const TESTS: &[(&str, fn())] = &[
    ("every_bench_gives_its_figures", every_bench_gives_its_figures),
    ("json_on_standard_output_is_alone_there", json_on_standard_output_is_alone_there),
    ("every_kind_of_wrong_delivery_is_found", every_kind_of_wrong_delivery_is_found),
    ("the_group_and_the_paced_loads_find_them_too", the_group_and_the_paced_loads_find_them_too),
    ("a_server_that_fails_to_stop_is_a_failure", a_server_that_fails_to_stop_is_a_failure),
    ("one_failed_bench_does_not_take_the_others_along", one_failed_bench_does_not_take_others),
    ("wrong_usage_exits_2", wrong_usage_exits_2),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.first().map(String::as_str) {
        Some("serve") => return double::serve(&arguments[1..]),
        Some("app") => return double::create_app(),
        _ => {}
    }
    if arguments.iter().any(|argument| argument == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    for (name, test) in TESTS {
        if filter.is_none_or(|filter| name.contains(filter.as_str())) {
            print!("test {name} ... ");
            // A failed assertion panics, which ends the program with its message and code 101.
            test();
            println!("ok");
        }
    }
    ExitCode::SUCCESS
}

/// A run of `hoopoe-bench` with this program as its server.
struct Run {
    output: Output,
    json: PathBuf,
    _home: TempDir,
}

impl Run {
    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    fn figures(&self) -> Vec<Value> {
        lines_of(&std::fs::read_to_string(&self.json).unwrap())
    }
}

fn lines_of(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const SMALL: &[&str] = &[
    "--warm-up-s=0",
    "--measure-s=1",
    "--probe-ms=50",
    "--pairs=8",
    "--latency-rate=200",
    "--group-members=60",
    "--idle-connections=150",
    "--page-messages=1200",
    "--start-messages=500",
    "--growth-messages=2000",
    "--growth-conversations=60",
    "--receipts-messages=100000",
    "--storm-clients=80",
    "--sync-conversations=40",
    "--sync-age-s=0",
];

fn bench(fault: &str, arguments: &[&str]) -> Run {
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let json = home.path().join("figures.json");
    let data = home.path().join("data");
    let output = Command::new(env!("CARGO_BIN_EXE_hoopoe-bench"))
        .arg("--server")
        .arg(std::env::current_exe().unwrap())
        .arg("--data")
        .arg(&data)
        .args(SMALL)
        .args(if arguments.contains(&"--json") { &[][..] } else { &["--json"][..] })
        .args((!arguments.contains(&"--json")).then_some(&json))
        .args(arguments)
        .env(double::FAULT, fault)
        .output()
        .unwrap();
    let leftover = std::fs::read_dir(&data).map_or(0, Iterator::count);
    assert_eq!(leftover, 0, "data directories are removed, whatever happens");
    Run { output, json, _home: home }
}

fn assert_code(run: &Run, code: i32) {
    let found = run.output.status.code();
    assert_eq!(found, Some(code), "stdout:\n{}\nstderr:\n{}", run.stdout(), run.stderr());
}

/// All benches but two, because the double lacks what they need: the log's heads and pages that
/// `sdk` catches up from, and the TLS of `tls`.
const OF_THE_DOUBLE: &[&str] = &[
    "direct", "msgpack", "latency", "group", "idle", "page", "start", "growth", "receipts",
    "storm", "sync",
];

fn every_bench_gives_its_figures() {
    let run = bench("", OF_THE_DOUBLE);
    assert_code(&run, 0);
    let figures = run.figures();
    let value = |bench: &str, figure: &str| -> f64 {
        let found: Vec<&Value> = figures
            .iter()
            .filter(|line| line["bench"] == bench && line["figure"] == figure)
            .collect();
        assert_eq!(found.len(), 1, "{bench}/{figure} in {figures:#?}");
        let mut fields: Vec<&String> = found[0].as_object().unwrap().keys().collect();
        fields.sort();
        let promised =
            ["bench", "commit", "figure", "params", "server_cpu_us_per_op", "unit", "value"];
        assert_eq!(fields, promised);
        assert!(run.stdout().contains(&format!("{bench}/{figure}")), "{}", run.stdout());
        found[0]["value"].as_f64().unwrap()
    };
    for (bench, figure) in [
        ("direct", "messages_per_s"),
        ("latency", "send_to_receive_ms"),
        ("latency", "send_to_receive_p99_ms"),
        ("latency", "send_to_receive_p99_9_ms"),
        ("latency", "send_to_receive_max_ms"),
        ("latency", "send_to_ack_p50_ms"),
        ("latency", "send_to_ack_p99_ms"),
        ("latency", "fsync_p50_ms"),
        ("latency", "fsync_p99_ms"),
        ("group", "deliveries_per_s"),
        ("idle", "connects_per_s"),
        ("page", "pages_per_s"),
        ("page", "half_load_p50_ms"),
        ("page", "half_load_p99_ms"),
        ("start", "ready_ms"),
        ("start", "empty_rss_mib"),
        ("start", "empty_rss_after_request_mib"),
        ("growth", "cpu_ratio"),
        ("growth", "small_messages_per_s"),
        ("growth", "large_messages_per_s"),
        ("growth", "uniform_messages_per_s"),
        ("receipts", "per_s"),
        ("storm", "resumes_per_s"),
        ("sync", "first_screen_ms"),
        ("sync", "caught_up_ms"),
    ] {
        assert!(value(bench, figure) > 0.0, "{bench}/{figure}");
    }
    // These may well be nothing for a double this small.
    assert!(value("idle", "rss_bytes_per_connection").is_finite());
    assert!(value("idle", "idle_cpu_percent") >= 0.0);
    assert!(value("sync", "server_cpu_ms") >= 0.0);
    let order = ["send_to_receive_ms", "send_to_receive_p99_ms", "send_to_receive_max_ms"];
    let quantiles = order.map(|figure| value("latency", figure));
    assert!(quantiles.is_sorted(), "{quantiles:?}");
}

fn json_on_standard_output_is_alone_there() {
    let run = bench("", &["--json", "-", "direct"]);
    assert_code(&run, 0);
    let figures = lines_of(&run.stdout());
    assert_eq!(figures.len(), 1);
    assert_eq!(figures[0]["figure"], "messages_per_s");
    assert_eq!(figures[0]["params"]["pairs"], 8);
    assert!(figures[0]["server_cpu_us_per_op"].as_f64().unwrap() > 0.0);
    assert!(run.stderr().contains("direct/messages_per_s"), "{}", run.stderr());
}

/// Each is (bench, fault, words of the message). They run side by side: most of the time of such a
/// run is spent waiting for what will not come.
fn assert_found(cases: &[(&str, &str, &str)]) {
    std::thread::scope(|scope| {
        for (name, fault, words) in cases {
            scope.spawn(move || {
                let run = bench(fault, &[name]);
                assert_code(&run, 1);
                let told = run.stderr();
                assert!(told.contains(&format!("{name} incorrect: ")), "{name} {fault}: {told}");
                assert!(told.contains(words), "{name} {fault}: {told}");
                assert_eq!(run.figures(), [] as [Value; 0], "no figures of an incorrect run");
            });
        }
    });
}

fn every_kind_of_wrong_delivery_is_found() {
    assert_found(&[
        ("direct", "lose_event", "came after"),
        ("direct", "double_event", "came twice"),
        ("direct", "swap_events", "came after"),
        ("direct", "lose_reply", "lack their reply or their event"),
        ("direct", "double_reply", "a reply that came twice"),
        ("direct", "other_seq_in_reply", "its event seq"),
        ("direct", "held", "without \"state\":\"sent\""),
        ("direct", "refuse", "a send was refused"),
    ]);
}

fn the_group_and_the_paced_loads_find_them_too() {
    assert_found(&[
        ("group", "lose_event", "instead of"),
        ("group", "double_event", "instead of"),
        ("group", "lose_reply", "did not reach all"),
        ("latency", "lose_event", "came after"),
        ("latency", "lose_reply", "lack their reply or their event"),
        ("page", "short_page", "not the page from"),
        ("receipts", "falling_mark", "read up to 0 after asking"),
        ("storm", "short_page", "has seq"),
        ("sync", "short_page", "has seq"),
    ]);
}

fn a_server_that_fails_to_stop_is_a_failure() {
    let run = bench("exit_3", &["direct"]);
    assert_code(&run, 1);
    assert!(run.stderr().contains("exit status: 3"), "{}", run.stderr());
}

fn one_failed_bench_does_not_take_others() {
    let run = bench("short_page", &["page", "direct"]);
    assert_code(&run, 1);
    assert!(run.stderr().contains("no figures from: page"), "{}", run.stderr());
    let figures = run.figures();
    assert_eq!(figures.len(), 1);
    assert_eq!(figures[0]["bench"], "direct");
}

fn wrong_usage_exits_2() {
    assert_code(&bench("", &["direct", "undirect"]), 2);
    assert_code(&bench("", &["--window=0"]), 2);
    let missing = Command::new(env!("CARGO_BIN_EXE_hoopoe-bench"))
        .args(["--server", "no-such-program"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(1), "that is no usage error, it could not run");
}
