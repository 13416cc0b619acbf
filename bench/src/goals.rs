//! The bars and aims of the published table, as data.

/// What a goal is set for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The figure's value.
    Value,
    /// The figure's `server_cpu_us_per_op`.
    ServerCpu,
}

/// Which values are good enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bar {
    AtLeast(f64),
    AtMost(f64),
    /// At most the figure's parameter `fsync_p99_ms` and this much more.
    AtMostFsyncP99Plus(f64),
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    pub(crate) bench: &'static str,
    pub(crate) figure: &'static str,
    pub(crate) of: Of,
    pub(crate) bar: Bar,
    pub(crate) aim: Option<f64>,
}

const fn goal(
    bench: &'static str,
    figure: &'static str,
    of: Of,
    bar: Bar,
    aim: Option<f64>,
) -> Goal {
    Goal { bench, figure, of, bar, aim }
}

/// Every bar there is. A figure that is not listed is reported without one.
pub(crate) const GOALS: &[Goal] = &[
    goal("direct", "messages_per_s", Of::Value, Bar::AtLeast(50_000.0), Some(70_000.0)),
    goal("direct", "messages_per_s", Of::ServerCpu, Bar::AtMost(20.0), Some(14.0)),
    goal("latency", "send_to_receive_ms", Of::Value, Bar::AtMost(2.0), Some(1.0)),
    goal("latency", "send_to_receive_p99_ms", Of::Value, Bar::AtMostFsyncP99Plus(3.0), None),
    goal("group", "deliveries_per_s", Of::Value, Bar::AtLeast(300_000.0), Some(500_000.0)),
    goal("group", "deliveries_per_s", Of::ServerCpu, Bar::AtMost(3.0), Some(2.0)),
    goal("idle", "rss_bytes_per_connection", Of::Value, Bar::AtMost(8192.0), Some(6144.0)),
    goal("idle", "connects_per_s", Of::Value, Bar::AtLeast(5000.0), None),
    goal("idle", "idle_cpu_percent", Of::Value, Bar::AtMost(1.0), None),
    goal("page", "pages_per_s", Of::Value, Bar::AtLeast(5000.0), None),
    goal("page", "half_load_p99_ms", Of::Value, Bar::AtMost(2.0), None),
    goal("start", "ready_ms", Of::Value, Bar::AtMost(150.0), Some(80.0)),
    goal("start", "empty_rss_mib", Of::Value, Bar::AtMost(40.0), Some(25.0)),
    goal("start", "empty_rss_after_request_mib", Of::Value, Bar::AtMost(40.0), Some(25.0)),
    goal("growth", "cpu_ratio", Of::Value, Bar::AtMost(1.2), Some(1.05)),
    goal("receipts", "per_s", Of::Value, Bar::AtLeast(20_000.0), None),
    goal("receipts", "per_s", Of::ServerCpu, Bar::AtMost(10.0), None),
    goal("storm", "resumes_per_s", Of::Value, Bar::AtLeast(1500.0), None),
    goal("sync", "server_cpu_ms", Of::Value, Bar::AtMost(300.0), None),
    goal("sync", "first_screen_ms", Of::Value, Bar::AtMost(50.0), None),
    goal("tls", "rss_bytes_per_connection", Of::Value, Bar::AtMost(24_576.0), None),
];

/// The goal for one column of a figure.
pub(crate) fn find(bench: &str, figure: &str, of: Of) -> Option<&'static Goal> {
    GOALS.iter().find(|goal| goal.bench == bench && goal.figure == figure && goal.of == of)
}

impl Bar {
    /// The limit that holds, given the figure's `fsync_p99_ms`.
    pub(crate) fn limit(self, fsync_p99_ms: Option<f64>) -> Option<f64> {
        match self {
            Bar::AtLeast(limit) | Bar::AtMost(limit) => Some(limit),
            Bar::AtMostFsyncP99Plus(more) => fsync_p99_ms.map(|p99| p99 + more),
        }
    }

    /// Whether `value` is on the good side of `limit`.
    pub(crate) fn is_met(self, value: f64, limit: f64) -> bool {
        match self {
            Bar::AtLeast(_) => value >= limit,
            Bar::AtMost(_) | Bar::AtMostFsyncP99Plus(_) => value <= limit,
        }
    }

    /// `≥` or `≤`.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Bar::AtLeast(_) => "≥",
            Bar::AtMost(_) | Bar::AtMostFsyncP99Plus(_) => "≤",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_met_on_their_own_side() {
        assert!(Bar::AtLeast(10.0).is_met(10.0, 10.0));
        assert!(!Bar::AtLeast(10.0).is_met(9.9, 10.0));
        assert!(Bar::AtMost(10.0).is_met(10.0, 10.0));
        assert!(!Bar::AtMost(10.0).is_met(10.1, 10.0));
    }

    #[test]
    fn the_latency_bar_follows_the_disk() {
        let bar = Bar::AtMostFsyncP99Plus(3.0);
        assert_eq!(bar.limit(Some(1.5)), Some(4.5));
        assert_eq!(bar.limit(None), None, "without a probe there is no bar");
        assert!(bar.is_met(4.5, 4.5));
    }

    #[test]
    fn no_goal_is_set_twice() {
        for (index, goal) in GOALS.iter().enumerate() {
            let first = GOALS.iter().position(|other| {
                (other.bench, other.figure, other.of) == (goal.bench, goal.figure, goal.of)
            });
            assert_eq!(first, Some(index), "{goal:?}");
        }
    }
}
