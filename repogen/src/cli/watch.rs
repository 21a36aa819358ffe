//! `repogen watch`: an archive that keeps itself.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use archive_catalog::PlacementOutcome;
use clap::Args;
use debian_archive::archive::Archive;
use debian_archive::publish::PublishError;
use debian_archive::publisher::{PublisherEvent, PublisherSetup};
use debian_archive::sign::Signer;
use debian_archive::watch::{ReloadError, Watch, WatchError, WatchEvent};
use metrics_exporter_prometheus::PrometheusBuilder;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::context::Context;
use super::exit::{Completion, Failure};
use super::scan_timer::Scanned;
use super::system_clock::SystemClock;
use super::{prune, publish, scan_timer, service_manager, signing};
use debian_control::counted::counted;
use debian_control::release::format_iso;
use debian_control::terminal::escaped;

/// How many events may wait to be printed.
const EVENTS: usize = 1_024;

/// Publish changes continuously, until SIGTERM or Ctrl-C.
///
/// Publishes what other commands change, adds .deb files dropped into ROOT/incoming/SUITE/COMPONENT/, re-signs before
/// Valid-Until passes, and prunes once an hour. A rejected file is moved to incoming/rejected/, with the reason in a file
/// beside it. Prints what `publish` and `prune` print. A changed repogen.toml is reloaded; SIGHUP reloads it and the
/// keys.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Serve metrics for Prometheus at this address and port, to everyone who asks, e.g. 127.0.0.1:9467.
    #[arg(long, value_name = "ADDRESS", env = "REPOGEN_METRICS", value_parser = socket_address)]
    metrics: Option<SocketAddr>,
}

fn socket_address(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "expected an IP address and a port, such as 127.0.0.1:9467 or [::1]:9467".to_owned())
}

/// What is printed.
enum Printed {
    Watch(WatchEvent),
    Scanned(Scanned),
}

impl From<Scanned> for Printed {
    fn from(scanned: Scanned) -> Self {
        Self::Scanned(scanned)
    }
}

pub(super) fn run(args: WatchArgs, context: &mut Context) -> Result<Completion, Failure> {
    let archive = Arc::new(context.archive_at_start()?);
    if let Some(address) = args.metrics {
        serve_metrics(address)?;
    }
    let signer = signing::open(&archive.config().signing, context)?;
    let signals = Signals::new([SIGTERM, SIGINT, SIGHUP]);
    let mut signals = signals
        .map_err(|error| Failure::disk(anyhow::Error::new(error).context("cannot listen to signals")))?;
    let (sender, events) = sync_channel(EVENTS);
    let sender = Arc::new(sender);
    scan_timer::start(archive.location().clone(), Arc::downgrade(&sender)).map_err(Failure::disk)?;
    let report = Arc::new(move |event| {
        // Nobody prints any more when the program is about to end.
        let _ = sender.send(Printed::Watch(event));
    });
    say_start(&archive, signer.as_ref(), context);
    let watch = Watch::start(PublisherSetup { archive, signer }, Arc::new(SystemClock), report)?;
    service_manager::notify("READY=1");
    let handle = signals.handle();
    let ended_well = std::thread::scope(|scope| {
        let watch = &watch;
        scope.spawn(move || {
            for signal in signals.forever() {
                if signal == SIGHUP {
                    watch.reload();
                } else {
                    service_manager::notify("STOPPING=1");
                    watch.request_stop();
                }
            }
        });
        let printed = print_all(events, context);
        handle.close();
        printed
    });
    ended_well?;
    if watch.join() {
        info(context, format_args!("stopped, as asked"));
        Ok(Completion::Success)
    } else {
        Err(Failure::disk(anyhow::anyhow!(
            "a thread of `repogen watch` panicked"
        )))
    }
}

/// Answers with what the publisher counts, from a thread of its own, until the program ends.
fn serve_metrics(address: SocketAddr) -> Result<(), Failure> {
    PrometheusBuilder::new()
        .with_http_listener(address)
        .install()
        .map_err(|error| {
            Failure::disk(anyhow::Error::new(error).context(format!("cannot serve metrics at `{address}`")))
        })
}

/// Says what is watched and how it stands: in a container, the log is all that is seen of this program.
fn say_start(archive: &Archive, signer: &dyn Signer, context: &mut Context) {
    let version = env!("CARGO_PKG_VERSION");
    let files = archive.files().address().to_owned();
    let keys: Vec<String> = signer
        .keyring()
        .fingerprints()
        .iter()
        .map(ToString::to_string)
        .collect();
    info(
        context,
        format_args!(
            "repogen {version} watches `{files}`, signing with {}",
            keys.join(", ")
        ),
    );
    // A catalog that cannot be read is reported by the publisher, and waited for.
    for progress in archive.catalog().progress().into_iter().flatten() {
        let suite = &progress.suite;
        if archive.config().suite(suite.as_str()).is_none() {
            continue;
        }
        match &progress.publication {
            Some(live) => info(
                context,
                format_args!(
                    "suite `{suite}`: {}, published at {}",
                    counted(live.packages, "package"),
                    format_iso(live.date)
                ),
            ),
            None => info(context, format_args!("suite `{suite}`: never published")),
        }
    }
}

/// Prints events until the watch has ended.
///
/// Owns the receiver: when printing fails it is dropped, so that no sender waits for room.
fn print_all(events: Receiver<Printed>, context: &mut Context) -> Result<(), Failure> {
    for event in events {
        match event {
            Printed::Watch(event) => print(event, context)?,
            Printed::Scanned(scanned) => print_scanned(scanned, context),
        }
        context.printer.flush()?;
    }
    Ok(())
}

fn print_scanned(scanned: Scanned, context: &mut Context) {
    match scanned {
        Err(failure) => warn(context, failure, "the scan for vulnerabilities will be retried"),
        Ok(suites) => {
            for suite in suites {
                info(
                    context,
                    format_args!(
                        "suite `{}`: {} known vulnerabilities in {} source packages, {} of which the data knows",
                        suite.codename, suite.serious, suite.checked, suite.known
                    ),
                );
            }
        }
    }
}

fn print(event: WatchEvent, context: &mut Context) -> Result<(), Failure> {
    match event {
        WatchEvent::Publisher(event) => return print_publisher(event, context),
        WatchEvent::Pruned(pruned) => return prune::print(&pruned, context),
        WatchEvent::Taken { path, placed } => {
            let did = match placed {
                PlacementOutcome::Added => "added",
                _ => "unchanged",
            };
            let path = below_root(&path, context);
            info(context, format_args!("{did} {path}"));
        }
        WatchEvent::Rejected { path, kept, why } => {
            let (path, kept) = (below_root(&path, context), below_root(&kept, context));
            info(context, format_args!("rejected {path}: {why}"));
            info(context, format_args!("hint: it is kept as {kept}"));
        }
        WatchEvent::PassedOver { path, why } => {
            let path = below_root(&path, context);
            info(context, format_args!("skipped {path}: {why}"));
        }
        WatchEvent::IncomingFailed(error) => {
            warn(
                context,
                Failure::disk(error),
                "adding dropped packages will be retried",
            );
        }
        WatchEvent::PruneFailed(error) => {
            warn(context, error.into(), "pruning will be retried in five minutes")
        }
        WatchEvent::Reloaded => info(context, format_args!("repogen.toml was reloaded")),
        WatchEvent::ReloadFailed(error) => {
            let failure = match error {
                ReloadError::Open(error) => error.into(),
                ReloadError::Sign(error) => error.into(),
            };
            warn(context, failure, "the previous settings stay in use");
        }
        WatchEvent::NotWatching(error) => not_watching(error.into(), context),
    }
    Ok(())
}

fn print_publisher(event: PublisherEvent, context: &mut Context) -> Result<(), Failure> {
    match event {
        PublisherEvent::Published { suite, report } => return publish::print(&suite, &report, context),
        PublisherEvent::Failed { is_news: false, .. } => {}
        PublisherEvent::Failed { suite, error, .. } => {
            warn(
                context,
                error.into(),
                &format!("publishing suite `{suite}` will be retried"),
            );
        }
        PublisherEvent::Recovered { suite } => {
            info(context, format_args!("suite `{suite}` can be published again"));
        }
        PublisherEvent::StillServed(gone) => {
            warn(
                context,
                PublishError::StillServed(gone).into(),
                "the other suites are published",
            );
        }
        PublisherEvent::CatalogFailed(error) => warn(context, error.into(), "it is tried again"),
        PublisherEvent::NotWatching(error) => not_watching(error.into(), context),
    }
    Ok(())
}

fn below_root(path: &Path, context: &Context) -> String {
    path.strip_prefix(&context.root)
        .unwrap_or(path)
        .display()
        .to_string()
}

fn not_watching(error: anyhow::Error, context: &mut Context) {
    let failure = Failure::disk(error.context("changes are not told of"));
    warn(
        context,
        failure,
        "changes are detected by polling every few seconds",
    );
}

/// Reports an error that the program survives, and what happens next.
fn warn(context: &mut Context, failure: Failure, now: &str) {
    let _ = failure.print();
    context.printer.info(now);
}

fn info(context: &mut Context, text: std::fmt::Arguments<'_>) {
    context
        .printer
        .info(escaped(&text.to_string()).replace('\n', "\\n"));
}

impl From<WatchError> for Failure {
    fn from(error: WatchError) -> Self {
        let running = matches!(error, WatchError::Running(_));
        let failure = Self::disk(error);
        if running {
            failure.hint("one is enough: it publishes the changes of all processes")
        } else {
            failure
        }
    }
}
