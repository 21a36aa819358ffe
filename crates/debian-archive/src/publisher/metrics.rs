//! What can be counted of a publisher: how long publishes take, and how many suites cannot be published.

use std::collections::BTreeMap;
use std::time::Duration;

use debian_control::name::SuiteName;
use metrics::{gauge, histogram};

use super::event::PublisherEvent;
use super::failure_reason::FailureReason;
use crate::archive::Archive;

/// What was counted, for the metrics recorder of the process.
#[derive(Debug)]
pub(super) struct PublishMetrics {
    failing: BTreeMap<SuiteName, FailureReason>,
}

impl PublishMetrics {
    /// Begins with nothing that fails.
    pub(super) fn new() -> Self {
        let metrics = Self {
            failing: BTreeMap::new(),
        };
        metrics.count_failing();
        metrics
    }

    /// Counts an event.
    pub(super) fn note(&mut self, event: &PublisherEvent) {
        match event {
            PublisherEvent::Published { suite, report } => {
                histogram!("publish_duration_seconds", "suite" => suite.to_string())
                    .record(seconds(report.milliseconds));
                for (stage, took) in &report.stages {
                    histogram!("publish_stage_duration_seconds", "suite" => suite.to_string(), "stage" => *stage)
                        .record(seconds(*took));
                }
                self.failing.remove(suite);
            }
            PublisherEvent::Recovered { suite } => {
                self.failing.remove(suite);
            }
            PublisherEvent::Failed { suite, error, .. } => {
                self.failing.insert(suite.clone(), FailureReason::of(error));
            }
            // Such a suite is no longer configured: nothing says when it is served no more.
            PublisherEvent::StillServed(_)
            | PublisherEvent::CatalogFailed(_)
            | PublisherEvent::NotWatching(_) => {}
        }
        self.count_failing();
    }

    /// Forgets suites that are no longer configured: nobody will say that they can be published again.
    pub(super) fn forget_unconfigured(&mut self, archive: &Archive) {
        self.failing
            .retain(|suite, _| archive.config().suite(suite.as_str()).is_some());
        self.count_failing();
    }

    fn count_failing(&self) {
        for reason in FailureReason::ALL {
            let found = self.failing.values().filter(|found| **found == reason).count();
            let found = u32::try_from(found).expect("there are fewer suites than that");
            gauge!("publish_failing_suites", "reason" => reason.as_str()).set(found);
        }
    }
}

fn seconds(milliseconds: u128) -> f64 {
    let milliseconds = u64::try_from(milliseconds).expect("a process does not run for so long");
    Duration::from_millis(milliseconds).as_secs_f64()
}
