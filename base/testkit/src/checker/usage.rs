//! I18: what the server holds stays under its caps, and comes back down after a fault.

use super::{Invariant::I18, Report, facts::Facts};
use crate::journal::{Phase, Usage, What};

pub(super) fn check(facts: &Facts<'_>, report: &mut Report) {
    let Some(caps) = facts.caps else { return };
    let mut baseline: Option<Usage> = None;
    for entry in facts.entries {
        let What::Measured { phase, usage } = &entry.what else { continue };
        let told = [
            ("resident bytes", usage.rss_bytes, caps.most.rss_bytes),
            ("open files", usage.fds, caps.most.fds),
            ("bytes of write-ahead log", usage.wal_bytes, caps.most.wal_bytes),
        ];
        for (what, held, most) in told.into_iter().filter(|(_, held, most)| held > most) {
            let story = format!("{held} {what} held ({phase:?}), at most {most} are allowed");
            report.add(I18, ("", None), story);
        }
        match phase {
            Phase::Baseline => baseline = Some(*usage),
            Phase::Fault => {}
            Phase::Settled => settled(baseline, usage, caps.rss_slack_bytes, report),
        }
    }
}

fn settled(baseline: Option<Usage>, usage: &Usage, rss_slack_bytes: u64, report: &mut Report) {
    let Some(baseline) = baseline else {
        report.add(I18, ("", None), "settled, but nobody measured the baseline");
        return;
    };
    let tenth = |value: u64| value + value / 10;
    let told = [
        ("resident bytes", usage.rss_bytes, tenth(baseline.rss_bytes) + rss_slack_bytes),
        ("open files", usage.fds, tenth(baseline.fds)),
    ];
    for (what, held, most) in told.into_iter().filter(|(_, held, most)| held > most) {
        let story = format!("{held} {what} still held after the fault, at most {most} are allowed");
        report.add(I18, ("", None), story);
    }
}
