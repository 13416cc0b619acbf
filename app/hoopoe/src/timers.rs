//! What is swept every minute.

use std::{sync::Arc, time::Duration};

use hoopoe_kernel::{Fail, TokenBuckets};
use metrics_exporter_prometheus::PrometheusHandle;

use crate::compose::House;

const EVERY: Duration = Duration::from_secs(60);
/// Metrics keep what was measured since the last upkeep in memory.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Sweeps for ever.
pub(crate) async fn sweep(house: Arc<House>, buckets: Arc<TokenBuckets>) {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        buckets.sweep();
        told("log", house.log.tend().await);
        told("replies", house.apps.sweep().await);
        told("sessions", house.accounts.sweep().await);
        told("keys", house.accounts.fill_keys().await);
    }
}

/// Keeps the books of the metrics short.
pub(crate) async fn keep_metrics(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// What was not swept now is swept the next time.
fn told<T>(what: &str, result: Result<T, Fail>) {
    if let Err(fail) = result {
        tracing::warn!(what, %fail, "a sweep failed");
    }
}
