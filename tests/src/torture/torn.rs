//! Readers while the archive is published again and again: no client may ever see a half of something.

use super::{Account, Churn, Clients, owner};
use crate::{Nginx, TestArchive, apt};

/// How long the proxy serves an InRelease that may be out of date, in seconds.
const STALE: u32 = 2;

/// What stands between the archive's web server and the clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Between {
    /// Nothing.
    Nothing,
    /// A proxy that serves InRelease up to two seconds stale.
    StaleProxy,
}

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct TornReads {
    /// Changes, each published by itself.
    pub publishes: usize,
    /// Clients that read all the while.
    pub clients: usize,
    /// Packages at the start.
    pub packages: usize,
    /// Where clients read.
    pub between: Between,
    /// Decides the changes and what is downloaded.
    pub seed: u64,
}

/// Publishes change after change while clients update and download.
pub fn torn_reads(counts: TornReads) -> Account {
    let mut account = Account::default();
    let (archive, nginx) = TestArchive::served(&["--architecture", &apt::native_architecture()]);
    let proxy = (counts.between == Between::StaleProxy).then(|| Nginx::caching(&nginx, STALE));
    let mut churn = Churn::fill(&archive, counts.packages, counts.seed);
    owner::publish(&archive, &mut account);
    let mut sources = archive.read("stable.sources");
    if let Some(proxy) = &proxy {
        sources = sources.replace(&nginx.url(), &proxy.url());
    }
    let clients = Clients::start(&sources, counts.clients, counts.seed);
    for _ in 0..counts.publishes {
        churn.step(&mut account);
        let run = owner::repogen(&archive, &["publish"]);
        if run.code == 0 && run.stdout.contains("\tpublished\t") {
            account.count("publishes");
        } else {
            account.fault(format!("publish failed\n{}", run.report()));
        }
    }
    account.merge(clients.finish());
    if let Some(proxy) = &proxy {
        account.add("InRelease answers out of the proxy's cache", from_cache(proxy));
    }
    owner::inspect(&archive, &mut account);
    if owner::listed(&archive) != churn.expected().into_iter().collect() {
        account.fault("the suite does not hold what was put in");
    }
    account
}

fn from_cache(proxy: &Nginx) -> usize {
    let log = proxy.access_log();
    let cached = log
        .iter()
        .filter(|access| access.path.ends_with("/InRelease"))
        .filter(|access| matches!(access.cache.as_str(), "HIT" | "UPDATING" | "STALE"));
    cached.count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Run;
    use std::fs;

    fn published() -> (TestArchive, Nginx) {
        let (archive, nginx) = TestArchive::served(&["--architecture", &apt::native_architecture()]);
        let mut account = Account::default();
        let mut churn = Churn::fill(&archive, 3, 1);
        archive.publish();
        fs::rename(archive.root().join("dists"), archive.outside().join("old")).unwrap();
        Run::of(
            archive
                .tool("cp")
                .args(["-a"])
                .arg(archive.outside().join("old"))
                .arg("dists"),
        )
        .ok();
        churn.step(&mut account);
        archive.publish();
        (archive, nginx)
    }

    fn seen(archive: &TestArchive) -> Account {
        Clients::start(&archive.read("stable.sources"), 1, 1).finish()
    }

    fn index_folder(archive: &TestArchive) -> std::path::PathBuf {
        let folder = format!("dists/stable/main/binary-{}", apt::native_architecture());
        archive.root().join(folder)
    }

    #[test]
    fn clients_pass_a_whole_tree() {
        let (archive, _nginx) = published();
        let account = seen(&archive).clean();
        assert_eq!(
            (
                account.counted("client rounds"),
                account.counted("client downloads")
            ),
            (1, 1)
        );
    }

    #[test]
    fn clients_count_an_index_that_is_not_the_one_of_inrelease() {
        let (archive, _nginx) = published();
        let folder = index_folder(&archive);
        fs::remove_dir_all(folder.join("by-hash")).unwrap();
        let old = archive
            .outside()
            .join("old/stable/main")
            .join(folder.file_name().unwrap());
        for name in ["Packages.gz", "Packages.xz", "Packages.zst"] {
            fs::remove_file(folder.join(name)).unwrap();
            fs::copy(old.join(name), folder.join(name)).unwrap();
        }
        let account = seen(&archive);
        assert!(
            account.faults() > 0 && account.counted("client failures") > 0,
            "{account}"
        );
    }

    #[test]
    fn clients_count_a_package_with_other_bytes() {
        let (archive, _nginx) = published();
        Run::of(archive.tool("sh").args([
            "-c",
            "for deb in $(find pool -name '*.deb'); do cp $deb x; printf x | dd of=x bs=1 seek=200 conv=notrunc 2>/dev/null; mv x $deb; done",
        ]))
        .ok();
        let account = seen(&archive);
        assert!(
            account.faults() > 0 && account.counted("client failures") > 0,
            "{account}"
        );
    }

    #[test]
    fn the_proxy_serves_an_inrelease_that_is_out_of_date() {
        let (archive, nginx) = TestArchive::served(&["--architecture", "amd64"]);
        let proxy = Nginx::caching(&nginx, STALE);
        let path = "/dists/stable/InRelease";
        let before = proxy.get(path).body;
        archive.repogen(&["publish", "--force"]).ok();
        assert_ne!(nginx.get(path).body, before);
        assert_eq!(proxy.get(path).body, before);
        assert!(from_cache(&proxy) > 0);
        // And not for ever.
        assert!(owner::comes_true(|| proxy.get(path).body != before));
    }
}
