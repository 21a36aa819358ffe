//! What the server answers of one suite, as apt and the caches before it ask.

use debian_control::release::{IndexFile, Release, by_hash_path, format_date};

use super::diagnosis::{Area, Report};
use super::headers::{Answer, Ask, Served};
use super::same;
use super::served::get;
use crate::archive::Archive;
use crate::config::Suite;
use crate::verify::{ArchiveVerifyError, is_served};

/// How far the server's clock may be from this one, in seconds.
const CLOCK_SKEW: u64 = 10;
/// What caches should keep of files that never change, in seconds.
const LONG: i64 = 24 * 3_600;

/// The parts of the report on one suite.
struct Suitewise<'a> {
    archive: &'a Archive,
    suite: &'a Suite,
    /// Where its folder of the Release is served.
    dists: String,
    server: &'a dyn Served,
    now: i64,
    report: &'a mut Report,
}

pub(super) fn diagnose(
    archive: &Archive,
    suite: &Suite,
    release: &Release,
    server: &dyn Served,
    now: i64,
    report: &mut Report,
) -> Result<(), ArchiveVerifyError> {
    let Some(url) = archive.config().tree_url(suite) else {
        return Ok(());
    };
    let mut part = Suitewise {
        archive,
        suite,
        dists: format!("{url}/dists/{}", suite.codename),
        server,
        now,
        report,
    };
    if suite.private {
        part.is_closed();
        return Ok(());
    }
    part.inrelease(release)?;
    let compressed = |file: &&IndexFile| is_served(&file.path) && file.size > 0;
    let preferred = |file: &&IndexFile| (!file.path.ends_with("Packages.gz"), file.path.clone());
    if let Some(index) = release.sha256.iter().filter(compressed).min_by_key(preferred) {
        part.index(index);
    }
    part.missing();
    Ok(())
}

impl Suitewise<'_> {
    /// A private suite is served to its readers only.
    fn is_closed(&mut self) {
        let url = format!("{}/InRelease", self.dists);
        let ask = Ask {
            url: &url,
            headers: &[],
            most: 1,
        };
        match self.server.ask(ask) {
            Ok(answer) if matches!(answer.status, 200 | 206) => self.report.error(
                Area::Secret,
                &url,
                "a private suite is served to everybody",
                "serve `private/` by the uploader only: nginx/uploader.conf shows how",
            ),
            Ok(answer) => {
                let found = format!(
                    "a private suite: answered with {} without credentials",
                    answer.status
                );
                self.report.ok(Area::Secret, &url, found);
            }
            Err(error) => self.report.skip(Area::Secret, &url, error),
        }
    }

    fn inrelease(&mut self, release: &Release) -> Result<(), ArchiveVerifyError> {
        let url = format!("{}/InRelease", self.dists);
        let Some(answer) = get(self.server, &url, &[("Accept-Encoding", "gzip")], self.report) else {
            return Ok(());
        };
        let path = format!("{}/InRelease", self.archive.dists(self.suite));
        let kept = self.archive.files().read(&path)?;
        let compared = match &kept {
            Some(kept) => same(&answer.body, kept),
            None => Err("the archive has none".to_owned()),
        };
        match compared {
            Ok(()) => self
                .report
                .ok(Area::Served, &url, "is the InRelease of the archive"),
            Err(found) => {
                let date = release.date.map(format_date).unwrap_or_default();
                self.report.error(
                    Area::Served,
                    &url,
                    format!("is not what was published at {date}: {found}"),
                    "a cache that keeps it too long, or another root: ask again, then look there",
                );
            }
        }
        self.plain(&url, &answer);
        self.clock(&url, &answer);
        self.lifetime(&url, &answer);
        self.conditional(&url, &answer);
        Ok(())
    }

    /// A file comes as it is: apt compares what it receives with the digest.
    fn plain(&mut self, url: &str, answer: &Answer) {
        let encoding = answer
            .header("content-encoding")
            .filter(|encoding| *encoding != "identity");
        let kind = answer.header("content-type").unwrap_or_default();
        if let Some(encoding) = encoding {
            self.report.error(
                Area::Served,
                url,
                format!("comes with `Content-Encoding: {encoding}`: clients would unpack it and find another digest"),
                "switch compression off for `dists/` and `pool/`",
            );
        } else if kind.starts_with("text/html") {
            let advice = "see that the server answers with the file, and not with a page";
            self.report
                .error(Area::Served, url, "comes as `text/html`", advice);
        } else {
            self.report
                .ok(Area::Served, url, "is sent unchanged, without Content-Encoding");
        }
    }

    fn clock(&mut self, url: &str, answer: &Answer) {
        let Some(date) = answer.date() else {
            return;
        };
        let skew = date.saturating_sub(self.now);
        if skew.unsigned_abs() > CLOCK_SKEW {
            let found = format!("the server's clock is {skew} seconds off this machine's");
            self.report.warning(Area::Clock, url, found, "set both by NTP");
        } else {
            self.report
                .ok(Area::Clock, url, "the server's clock agrees with this machine's");
        }
    }

    /// A cache that hands out an InRelease for longer than its indexes are kept sends clients to files that are gone.
    fn lifetime(&mut self, url: &str, answer: &Answer) {
        let kept = self.suite.keep_generations_for.seconds();
        let half = self.suite.valid_for.map(|span| span.seconds() / 2);
        let advice = "serve InRelease and Release with `Cache-Control: max-age=0, must-revalidate`, as nginx/archive.conf does";
        let Some(lifetime) = answer.lifetime() else {
            let found = "no Cache-Control: each cache decides how long it keeps it";
            self.report.warning(Area::Caching, url, found, advice);
            return;
        };
        if lifetime > kept {
            let found = format!(
                "caches may keep it for {lifetime} s, and its indexes are kept for {kept} s (`keep_generations_for`)"
            );
            self.report.error(Area::Caching, url, found, advice);
        } else if half.is_some_and(|half| lifetime > half) {
            let found = format!("caches may keep it for {lifetime} s, longer than half of `valid_for`");
            self.report.error(Area::Caching, url, found, advice);
        } else {
            let found = format!("caches may keep it for {lifetime} s, its indexes are kept for {kept} s");
            self.report.ok(Area::Caching, url, found);
        }
    }

    /// An update without news should cost one answer without a body.
    fn conditional(&mut self, url: &str, answer: &Answer) {
        let advice = "serve files with their times, and answer If-Modified-Since";
        let Some(modified) = answer.header("last-modified") else {
            self.report
                .warning(Area::Served, url, "has no Last-Modified", advice);
            return;
        };
        let Some(again) = get(self.server, url, &[("If-Modified-Since", modified)], self.report) else {
            return;
        };
        if again.status == 304 {
            self.report
                .ok(Area::Served, url, "is answered with 304 when it has not changed");
        } else {
            let found = format!("is answered with {} although it has not changed", again.status);
            self.report.warning(Area::Served, url, found, advice);
        }
    }

    fn index(&mut self, file: &IndexFile) {
        let plain = format!("{}/{}", self.dists, file.path);
        self.part(&plain, file.size);
        let by_hash = format!("{}/{}", self.dists, by_hash_path(&file.path, &file.sha256));
        let Some(answer) = self.part(&by_hash, file.size) else {
            return;
        };
        let advice = "serve `by-hash/` and `pool/` with `Cache-Control: max-age=31536000, immutable`";
        match answer.lifetime() {
            Some(lifetime) if lifetime >= LONG => {
                self.report.ok(
                    Area::Caching,
                    &by_hash,
                    format!("caches may keep it for {lifetime} s"),
                );
            }
            Some(lifetime) => {
                let found = format!("caches may keep it for {lifetime} s only, although it never changes");
                self.report.warning(Area::Caching, &by_hash, found, advice);
            }
            None => {
                let found = "no Cache-Control, although it never changes";
                self.report.warning(Area::Caching, &by_hash, found, advice);
            }
        }
    }

    /// Asks for the first byte of a file, as whoever resumes a download does, while saying that gzip is understood.
    fn part(&mut self, url: &str, size: u64) -> Option<Answer> {
        let headers = [("Range", "bytes=0-0"), ("Accept-Encoding", "gzip")];
        let answer = get(self.server, url, &headers, self.report)?;
        self.plain(url, &answer);
        if answer.status != 206 {
            self.report.warning(
                Area::Served,
                url,
                "a Range is answered with the whole file",
                "let the server answer Range: cpkgs fetches changes by it, and apt resumes",
            );
        } else if answer.whole_size() == Some(size) {
            self.report.ok(
                Area::Served,
                url,
                format!("{size} bytes, in parts where a Range asks for them"),
            );
        } else {
            let found = format!(
                "`Content-Range` gives a total of {} bytes; Release lists {size}",
                answer
                    .whole_size()
                    .map_or("unknown".to_owned(), |size| size.to_string())
            );
            self.report.error(
                Area::Served,
                url,
                found,
                "a cache that mixes two publishes: clear it",
            );
        }
        Some(answer)
    }

    /// What is not there has to be said to be not there, and not for long.
    fn missing(&mut self) {
        let url = format!("{}/no-such-index", self.dists);
        let ask = Ask {
            url: &url,
            headers: &[],
            most: 1,
        };
        let kept = self.suite.keep_generations_for.seconds();
        match self.server.ask(ask) {
            Err(error) => self.report.error(Area::Served, &url, error, "answer with 404"),
            Ok(answer) if !matches!(answer.status, 404 | 410) => {
                let found = format!("a file that does not exist is answered with {}", answer.status);
                self.report.error(
                    Area::Served,
                    &url,
                    found,
                    "answer with 404: clients take what comes for the file",
                );
            }
            Ok(answer) if answer.lifetime().is_some_and(|lifetime| lifetime > kept) => {
                let found = "caches may remember for long that a file is missing";
                self.report.warning(
                    Area::Caching,
                    &url,
                    found,
                    "leave Cache-Control out of answers with 404",
                );
            }
            Ok(_) => self
                .report
                .ok(Area::Served, &url, "what does not exist is answered with 404"),
        }
    }
}
