//! Many packages at once, each kept under its digest.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use debian_control::digest::{Digester, Sha256};
use futures_util::{StreamExt as _, stream};
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Response, StatusCode};

use super::http::{not_too_slow, send, unreachable};
use super::{FetchError, Fetcher, Location, pause_before, unread};

/// How many packages are downloaded at once.
const AT_ONCE: usize = 6;

/// A package to download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its name, for whoever watches.
    pub name: String,
    /// Where it is; the others are asked when the first cannot be reached. At least one.
    pub locations: Vec<Location>,
    /// Bytes.
    pub size: u64,
    /// Digest of the whole.
    pub sha256: Sha256,
}

/// Whom to tell how far downloads are.
pub trait Progress: Sync {
    /// A package begins, or goes on after an interruption with `had` bytes here.
    fn begun(&self, wanted: &Download, had: u64);
    /// So many more bytes came.
    fn came(&self, wanted: &Download, bytes: u64);
    /// It is here, and is what was signed.
    fn done(&self, wanted: &Download);
}

/// Nobody is told.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn begun(&self, _: &Download, _: u64) {}
    fn came(&self, _: &Download, _: u64) {}
    fn done(&self, _: &Download) {}
}

impl Fetcher {
    /// Downloads packages into a folder, where each is called by its digest; what is there already is not fetched again.
    ///
    /// Returns the files in the order of the wishes. Every one has been held against its size and digest, also one that
    /// was there. An interrupted download goes on where it ended.
    ///
    /// # Errors
    /// The first failure; what came until then stays.
    pub fn debs(
        &self,
        wanted: &[Download],
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, FetchError> {
        self.check_reach(wanted, folder)?;
        fs::create_dir_all(folder).map_err(|source| keep(folder, source))?;
        self.runtime.block_on(async {
            let each = wanted.iter().map(|wanted| self.deb(wanted, folder, progress));
            let mut running = stream::iter(each).buffered(AT_ONCE);
            let mut paths = Vec::with_capacity(wanted.len());
            while let Some(path) = running.next().await {
                paths.push(path?);
            }
            Ok(paths)
        })
    }

    /// Says before anything begins whether packages can be had where no network is to be asked: from a folder of downloads, or from
    /// other folders of this machine. What a file holds is not looked at yet.
    ///
    /// # Errors
    /// When some cannot.
    pub fn check_reach(&self, wanted: &[Download], folder: &Path) -> Result<(), FetchError> {
        if !self.http.is_offline() {
            return Ok(());
        }
        let is_here = |wanted: &&Download| {
            let is_near = |location: &Location| location.file_path().is_some();
            is_downloaded(wanted, folder) || wanted.locations.iter().any(is_near)
        };
        let absent = wanted.iter().filter(|wanted| !is_here(wanted));
        let names: Vec<String> = absent.map(|wanted| wanted.name.clone()).collect();
        match names.is_empty() {
            true => Ok(()),
            false => Err(FetchError::NotCached { names }),
        }
    }

    async fn deb(
        &self,
        wanted: &Download,
        folder: &Path,
        progress: &dyn Progress,
    ) -> Result<PathBuf, FetchError> {
        let path = downloaded(wanted, folder);
        if digest_of(&path).is_ok_and(|found| found == (wanted.size, wanted.sha256)) {
            progress.done(wanted);
            return Ok(path);
        }
        let mut failed = None;
        for location in &wanted.locations {
            match self.deb_from(wanted, location, &path, progress).await {
                Ok(()) => {
                    progress.done(wanted);
                    return Ok(path);
                }
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        Err(failed.expect("a package that is wanted has a location"))
    }

    async fn deb_from(
        &self,
        wanted: &Download,
        location: &Location,
        path: &Path,
        progress: &dyn Progress,
    ) -> Result<(), FetchError> {
        // One writer each: two processes that want one package do not write into one file.
        let part = path.with_extension(format!("part{}", std::process::id()));
        adopt(path, &part);
        let mut tries = 0;
        loop {
            let had = part.metadata().map_or(0, |part| part.len());
            let done = match location.file_path() {
                Some(file) => copy(&file, &part, wanted, location),
                None => self.download(wanted, location, &part, progress).await,
            };
            match done.and_then(|()| accept(wanted, location, &part, path)) {
                Err(error) if error.is_passing() => {
                    let Some(pause) = pause_before(tries) else {
                        return Err(error);
                    };
                    tokio::time::sleep(pause).await;
                    tries += 1;
                }
                // What was here may have been the beginning of something else; it is gone now.
                Err(FetchError::Wrong { .. } | FetchError::TooLong { .. }) if had > 0 => {}
                done => return done,
            }
        }
    }

    /// Appends to a part what is missing.
    async fn download(
        &self,
        wanted: &Download,
        location: &Location,
        part: &Path,
        progress: &dyn Progress,
    ) -> Result<(), FetchError> {
        let mut request = self.http.request(location)?;
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(part)
            .map_err(|source| keep(part, source))?;
        let mut had = file.metadata().map_err(|source| keep(part, source))?.len();
        if had >= wanted.size {
            file.set_len(0).map_err(|source| keep(part, source))?;
            had = 0;
        }
        if had > 0 {
            request = request.header(RANGE, format!("bytes={had}-"));
        }
        let mut response = send(request, location).await?;
        if had > 0 && !goes_on(&response, had) {
            // This server has no use for what is here.
            file.set_len(0).map_err(|source| keep(part, source))?;
            had = 0;
            if response.status() != StatusCode::OK {
                response = send(self.http.request(location)?, location).await?;
            }
        }
        let mut response = self.http.expect(response, location).await?;
        progress.begun(wanted, had);
        let (begun, mut came) = (Instant::now(), 0);
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| unreachable(location, error))?
        {
            had += piece.len() as u64;
            came += piece.len() as u64;
            not_too_slow(came, begun.elapsed(), location)?;
            if had > wanted.size {
                let _ = fs::remove_file(part);
                return Err(FetchError::TooLong {
                    location: location.clone(),
                    limit: wanted.size,
                });
            }
            file.write_all(&piece).map_err(|source| keep(part, source))?;
            progress.came(wanted, piece.len() as u64);
            self.http.keep_pace(piece.len()).await;
        }
        Ok(())
    }
}

/// Says whether a folder of downloads has a package. What the file holds is not looked at.
pub fn is_downloaded(wanted: &Download, folder: &Path) -> bool {
    let file = fs::metadata(downloaded(wanted, folder));
    file.is_ok_and(|file| file.len() == wanted.size)
}

/// Returns what a package is called in a folder of downloads.
fn downloaded(wanted: &Download, folder: &Path) -> PathBuf {
    folder.join(format!("{}.deb", wanted.sha256))
}

/// Says whether an answer goes on at a byte, or does not say where it starts.
fn goes_on(response: &Response, at: u64) -> bool {
    let starts = |range: &str| range.strip_prefix("bytes ")?.split_once('-')?.0.parse().ok();
    match response.status() {
        StatusCode::PARTIAL_CONTENT => {
            let range = response.headers().get(CONTENT_RANGE);
            range.and_then(|range| starts(range.to_str().ok()?)) == Some(at)
        }
        StatusCode::OK | StatusCode::RANGE_NOT_SATISFIABLE => false,
        _ => true,
    }
}

/// Takes over what an interrupted download of another process left.
fn adopt(path: &Path, part: &Path) {
    let (Some(folder), Some(stem)) = (path.parent(), path.file_stem().and_then(|stem| stem.to_str())) else {
        return;
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(owner) = name
            .to_str()
            .and_then(|name| name.strip_prefix(stem)?.strip_prefix(".part"))
        else {
            continue;
        };
        if !Path::new("/proc").join(owner).exists() && fs::rename(entry.path(), part).is_ok() {
            return;
        }
    }
}

fn copy(from: &Path, part: &Path, wanted: &Download, location: &Location) -> Result<(), FetchError> {
    let file = File::open(from).map_err(|source| unread(location, source))?;
    let mut out = File::create(part).map_err(|source| keep(part, source))?;
    io::copy(&mut file.take(wanted.size.saturating_add(1)), &mut out).map_err(|source| keep(part, source))?;
    Ok(())
}

/// Gives a part its name, when it is what was signed.
fn accept(wanted: &Download, location: &Location, part: &Path, path: &Path) -> Result<(), FetchError> {
    let (size, sha256) = digest_of(part).map_err(|source| keep(part, source))?;
    let wrong = |what, found: String, expected: String| {
        let _ = fs::remove_file(part);
        Err(FetchError::Wrong {
            location: location.clone(),
            what,
            found,
            expected,
        })
    };
    if size != wanted.size {
        return wrong("size", size.to_string(), wanted.size.to_string());
    }
    if sha256 != wanted.sha256 {
        return wrong("SHA256", sha256.to_string(), wanted.sha256.to_string());
    }
    fs::rename(part, path).map_err(|source| keep(path, source))
}

fn digest_of(path: &Path) -> io::Result<(u64, Sha256)> {
    let mut file = File::open(path)?;
    let mut digester = Digester::sha256();
    let mut buffer = vec![0; 256 << 10];
    let mut size = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((size, digester.finish().sha256));
        }
        size += read as u64;
        digester.update(buffer.get(..read).expect("a read fills no more than the buffer"));
    }
}

fn keep(path: &Path, source: io::Error) -> FetchError {
    FetchError::Keep {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
