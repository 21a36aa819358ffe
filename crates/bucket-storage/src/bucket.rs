//! A bucket of an object store: S3, and what speaks its protocol; Google's and Azure's.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::{Deref, Range};
use std::sync::Arc;
use std::time::Duration;

use debian_control::digest::{Digester, Sha256};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, GetOptions, GetRange, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _,
    PutMode, PutOptions, UpdateVersion,
};
use tokio::runtime::Runtime;

use archive_storage::store::{
    FileHead, FileStore, Lifetime, LocalFile, OpenFile, PutNew, StoreError, cache_control, content_type,
    is_release,
};

use crate::StoreUrlError;
use crate::content::{ObjectReader, expect_end, take};
use crate::service::Service;

/// Files above this size go up in parts, in bytes: so much is held in memory.
pub(crate) const PART: u64 = 8 * 1024 * 1024;
/// Where uploads in parts are noted until they end: a key and a number, a line each.
pub(crate) const NOTES: &str = "staged/parts/";

/// The attribute with the digest of an object's bytes, so that two that want one name need not read it.
const SHA256: &str = "sha256";
/// Where whoever sends a file in parts says which bytes it is sending under a name: no store compares when parts are joined.
pub const CLAIMS: &str = "staged/claims";
/// How often an object is written again whose time has to rise, and how many times at most: no wait helps where the clock of the
/// store went back by minutes, or stands still.
const NEWER_EVERY: Duration = Duration::from_millis(250);
const NEWER_ATTEMPTS: u32 = 20;
/// How often a name is asked for again that was taken, and free a moment later.
const NAME_ATTEMPTS: u32 = 8;
/// What an error says was tried, where that goes wrong for want of the bucket.
const WRITE: &str = "write";
const LIST: &str = "list";

pub(crate) type RequestError = Box<dyn std::error::Error + Send + Sync>;

/// A bucket, or a prefix in one.
pub struct Bucket {
    url: String,
    pub(crate) store: Arc<dyn ObjectStore>,
    /// The same, where an upload in parts has to be given up by whoever knows its number.
    pub(crate) parts: Option<Arc<dyn MultipartStore>>,
    prefix: Path,
    pub(crate) runtime: OwnRuntime,
}

/// The runtime of a bucket. Whoever drops the bucket may be at work on another one, and must not wait there.
pub(crate) struct OwnRuntime(Option<Runtime>);

impl Deref for OwnRuntime {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().expect("only the drop takes it")
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Bucket {
    /// Opens a bucket; no request is made.
    pub fn open(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, StoreUrlError> {
        // Fails where the program has one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Service { store, parts, prefix } = crate::service::open(url, variables)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("bucket")
            .enable_all()
            .build()
            .map_err(|source| StoreUrlError::Runtime {
                url: url.to_owned(),
                source,
            })?;
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            store,
            parts,
            prefix,
            runtime: OwnRuntime(Some(runtime)),
        })
    }

    /// Returns the key of a path, letter for letter: `~` and `+` of versions stand in keys as clients ask for them.
    pub(crate) fn key(&self, path: &str) -> Result<Path, StoreError> {
        let key = match (self.prefix.as_ref(), path) {
            (prefix, "") => prefix.to_owned(),
            ("", path) => path.to_owned(),
            (prefix, path) => format!("{prefix}/{path}"),
        };
        Path::parse(key).map_err(|error| self.failed("name", path, error))
    }

    /// Returns the path of a key below the prefix.
    fn below(&self, key: &Path) -> Option<String> {
        let parts = key.prefix_match(&self.prefix)?;
        let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
        Some(parts.join("/"))
    }

    fn failed(&self, action: &'static str, path: &str, source: impl Into<RequestError>) -> StoreError {
        let source: RequestError = source.into();
        StoreError {
            action,
            path: path.to_owned(),
            store: self.url.clone(),
            is_away: is_away(action, source.as_ref()),
            // The text of an error of a request has all its causes: as sources they would be told again.
            source: without_duration(&source.to_string()).into(),
        }
    }

    fn attributes(path: &str, lifetime: Lifetime, sha256: Option<&Sha256>) -> Attributes {
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::CacheControl, cache_control(path, lifetime).into());
        attributes.insert(Attribute::ContentType, content_type(path).into());
        if let Some(sha256) = sha256 {
            attributes.insert(Attribute::Metadata(SHA256.into()), sha256.to_string().into());
        }
        attributes
    }

    /// Asks for an object, or for its head alone; `None` when there is none.
    async fn get(&self, key: &Path, options: GetOptions) -> Result<Option<GetResult>, object_store::Error> {
        match self.store.get_opts(key, options).await {
            Ok(found) => Ok(Some(found)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Leaves markers of folders out of what was listed: empty objects whose key ends with a slash, which consoles and tools make. A
    /// listing shows them without it, so an empty object is asked for.
    async fn without_markers(&self, listed: Vec<ObjectMeta>) -> Result<Vec<ObjectMeta>, object_store::Error> {
        let mut files = Vec::with_capacity(listed.len());
        for object in listed {
            if object.size > 0 || self.object_head(&object.location).await?.is_some() {
                files.push(object);
            }
        }
        Ok(files)
    }

    async fn object_head(&self, key: &Path) -> Result<Option<GetResult>, object_store::Error> {
        let options = GetOptions {
            head: true,
            ..GetOptions::default()
        };
        self.get(key, options).await
    }

    /// Returns the digest of an object: as it was noted when it was written, else of its bytes.
    async fn digest(&self, key: &Path) -> Result<Option<Sha256>, RequestError> {
        let Some(head) = self.object_head(key).await? else {
            return Ok(None);
        };
        let noted = head.attributes.get(&Attribute::Metadata(SHA256.into()));
        if let Some(noted) = noted.and_then(|noted| noted.parse().ok()) {
            return Ok(Some(noted));
        }
        let Some(object) = self.get(key, GetOptions::default()).await? else {
            return Ok(None);
        };
        let mut digester = Digester::sha256();
        let mut pieces = object.into_stream();
        while let Some(piece) = pieces.try_next().await? {
            digester.update(&piece);
        }
        Ok(Some(digester.finish().sha256))
    }

    /// Writes an object where there is none; says whether there was none.
    async fn create(
        &self,
        key: &Path,
        bytes: Vec<u8>,
        attributes: Attributes,
    ) -> Result<bool, object_store::Error> {
        let options = PutOptions {
            mode: PutMode::Create,
            attributes,
            ..PutOptions::default()
        };
        match self.store.put_opts(key, bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn put_new_whole(
        &self,
        path: &str,
        key: &Path,
        file: &LocalFile<'_>,
    ) -> Result<PutNew, RequestError> {
        let attributes = Self::attributes(path, Lifetime::Immutable, Some(&file.sha256));
        for _ in 0..NAME_ATTEMPTS {
            let bytes = std::fs::read(file.path)?;
            if self.create(key, bytes, attributes.clone()).await? {
                return Ok(PutNew::Written);
            }
            match self.digest(key).await? {
                Some(found) if found == file.sha256 => return Ok(PutNew::Same),
                Some(_) => return Ok(PutNew::Other),
                // It went in between.
                None => {}
            }
        }
        Err(Self::comes_and_goes(key))
    }

    fn comes_and_goes(key: &Path) -> RequestError {
        format!("others write and delete `{key}` again and again").into()
    }

    /// Sends a file in parts to a name that nobody else sends other bytes to.
    fn put_new_in_parts(&self, path: &str, key: &Path, file: &LocalFile<'_>) -> Result<PutNew, RequestError> {
        let there = |found: Option<Sha256>| match found {
            Some(found) if found == file.sha256 => Some(PutNew::Same),
            Some(_) => Some(PutNew::Other),
            None => None,
        };
        let claim = self.key(&format!("{CLAIMS}/{}", Sha256::of(path.as_bytes())))?;
        if !self.runtime.block_on(self.claim(&claim, &file.sha256))? {
            // Whose bytes differ has another name to go to; a claim that somebody left behind is swept in time.
            let found = self.runtime.block_on(self.digest(key))?;
            return Ok(there(found).unwrap_or(PutNew::Other));
        }
        // Only now: before the claim, another may have had it.
        let outcome = match there(self.runtime.block_on(self.digest(key))?) {
            Some(outcome) => outcome,
            None => {
                let attributes = Self::attributes(path, Lifetime::Immutable, Some(&file.sha256));
                self.send_parts(key, (&mut File::open(file.path)?, file.size), attributes)?;
                PutNew::Written
            }
        };
        self.runtime.block_on(self.store.delete(&claim))?;
        Ok(outcome)
    }

    /// Claims a name for these bytes; says false where it is claimed for others.
    async fn claim(&self, claim: &Path, sha256: &Sha256) -> Result<bool, RequestError> {
        let text = sha256.to_string();
        for _ in 0..NAME_ATTEMPTS {
            let bytes = text.clone().into_bytes();
            if self.create(claim, bytes, Attributes::new()).await? {
                return Ok(true);
            }
            if let Some(held) = self.get(claim, GetOptions::default()).await? {
                return Ok(held.bytes().await? == text.as_bytes());
            }
            // It went in between. That is no claim yet: a third may make one now.
        }
        Err(Self::comes_and_goes(claim))
    }

    fn overwrite(
        &self,
        key: &Path,
        content: &mut dyn Read,
        size: u64,
        attributes: Attributes,
    ) -> Result<(), RequestError> {
        if size > PART {
            return self.send_parts(key, (content, size), attributes);
        }
        let bytes = take(content, size)?;
        expect_end(content)?;
        let options = PutOptions {
            attributes,
            ..PutOptions::default()
        };
        self.runtime
            .block_on(self.store.put_opts(key, bytes.into(), options))?;
        Ok(())
    }

    /// Replaces what is still as it was, by an object whose `Last-Modified`, which has seconds only, is later.
    ///
    /// apt asks by If-Modified-Since: of two that came within a second it would take the first for the newest.
    async fn put_newer(
        &self,
        path: &str,
        key: &Path,
        bytes: &[u8],
        before: Option<&FileHead>,
    ) -> Result<bool, object_store::Error> {
        let attributes = Self::attributes(path, Lifetime::Replaceable, Some(&Sha256::of(bytes)));
        let Some(before) = before else {
            return self.create(key, bytes.to_vec(), attributes).await;
        };
        let mut version = UpdateVersion {
            e_tag: before.tag.clone(),
            version: before.version.clone(),
        };
        for _ in 0..NEWER_ATTEMPTS {
            let options = PutOptions {
                mode: PutMode::Update(version),
                attributes: attributes.clone(),
                ..PutOptions::default()
            };
            version = match self.store.put_opts(key, bytes.to_vec().into(), options).await {
                Err(object_store::Error::Precondition { .. }) => {
                    let Some(there) = self.get(key, GetOptions::default()).await? else {
                        return Ok(false);
                    };
                    let (e_tag, version) = (there.meta.e_tag.clone(), there.meta.version.clone());
                    // A repeated request meets what the first one wrote, whose answer was lost.
                    if there.bytes().await? != bytes {
                        return Ok(false);
                    }
                    UpdateVersion { e_tag, version }
                }
                put => {
                    let put = put?;
                    UpdateVersion {
                        e_tag: put.e_tag,
                        version: put.version,
                    }
                }
            };
            let written = self
                .object_head(key)
                .await?
                .map(|head| head.meta.last_modified.timestamp());
            let behind = written.map_or(0, |written| before.modified.saturating_sub(written) + 1);
            if behind <= 0 || Duration::from_secs(behind.unsigned_abs()) > NEWER_EVERY * NEWER_ATTEMPTS {
                break;
            }
            tokio::time::sleep(NEWER_EVERY).await;
        }
        // It is there, whatever its time: who asks by If-Modified-Since gets it when the clock of the store has come so far.
        Ok(true)
    }
}

impl FileStore for Bucket {
    fn address(&self) -> &str {
        &self.url
    }

    fn folder(&self) -> Option<&std::path::Path> {
        None
    }

    fn read_with_head(&self, path: &str) -> Result<Option<(Vec<u8>, FileHead)>, StoreError> {
        let key = self.key(path)?;
        let read = async {
            let Some(found) = self.get(&key, GetOptions::default()).await? else {
                return Ok(None);
            };
            let head = head_of(&found.meta);
            Ok(Some((found.bytes().await?.to_vec(), head)))
        };
        let read: Result<_, object_store::Error> = self.runtime.block_on(read);
        read.map_err(|error| self.failed("read", path, error))
    }

    fn open(&self, path: &str, range: Option<Range<u64>>) -> Result<Option<OpenFile>, StoreError> {
        let key = self.key(path)?;
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self.runtime.block_on(self.get(&key, options));
        let found = found.map_err(|error| self.failed("read", path, error))?;
        Ok(found.map(|found| OpenFile {
            head: head_of(&found.meta),
            content: Box::new(ObjectReader::new(
                self.runtime.handle().clone(),
                found.into_stream(),
            )),
        }))
    }

    fn head(&self, path: &str) -> Result<Option<FileHead>, StoreError> {
        let key = self.key(path)?;
        let found = self.runtime.block_on(self.object_head(&key));
        let found = found.map_err(|error| self.failed("look at", path, error))?;
        Ok(found.map(|found| head_of(&found.meta)))
    }

    fn put_new(&self, path: &str, file: &LocalFile<'_>) -> Result<PutNew, StoreError> {
        let key = self.key(path)?;
        let put = if file.size > PART {
            self.put_new_in_parts(path, &key, file)
        } else {
            self.runtime.block_on(self.put_new_whole(path, &key, file))
        };
        put.map_err(|error| self.failed(WRITE, path, error))
    }

    fn copy_new(&self, from: &str, to: &str, sha256: &Sha256) -> Result<PutNew, StoreError> {
        let (source, target) = (self.key(from)?, self.key(to)?);
        let copied = self.runtime.block_on(async {
            match self.digest(&target).await? {
                Some(found) if found == *sha256 => return Ok(PutNew::Same),
                Some(_) => return Ok(PutNew::Other),
                None => {}
            }
            self.store.copy(&source, &target).await?;
            Ok::<_, RequestError>(PutNew::Written)
        });
        copied.map_err(|error| self.failed("copy to", to, error))
    }

    fn replace(&self, path: &str, file: &LocalFile<'_>) -> Result<(), StoreError> {
        let key = self.key(path)?;
        let attributes = Self::attributes(path, Lifetime::Replaceable, Some(&file.sha256));
        let written = File::open(file.path)
            .map_err(RequestError::from)
            .and_then(|mut content| self.overwrite(&key, &mut content, file.size, attributes));
        written.map_err(|error| self.failed(WRITE, path, error))
    }

    fn replace_if(
        &self,
        path: &str,
        file: &LocalFile<'_>,
        before: Option<&FileHead>,
    ) -> Result<bool, StoreError> {
        let key = self.key(path)?;
        let bytes =
            std::fs::read(file.path).map_err(|error| self.failed("read what is written to", path, error))?;
        let put = self.runtime.block_on(self.put_newer(path, &key, &bytes, before));
        put.map_err(|error| self.failed(WRITE, path, error))
    }

    fn copy(&self, from: &str, to: &str) -> Result<(), StoreError> {
        let (source, target) = (self.key(from)?, self.key(to)?);
        let copied = self.runtime.block_on(self.store.copy(&source, &target));
        copied.map_err(|error| self.failed("copy to", to, error))
    }

    fn write(
        &self,
        path: &str,
        content: &mut (dyn Read + Send),
        size: u64,
        lifetime: Lifetime,
    ) -> Result<(), StoreError> {
        let key = self.key(path)?;
        let attributes = Self::attributes(path, lifetime, None);
        let written = if lifetime == Lifetime::Replaceable && is_release(path) {
            let bytes = take(content, size).and_then(|bytes| expect_end(content).map(|()| bytes));
            let bytes = bytes.map_err(|error| self.failed("read what is written to", path, error))?;
            let put = async {
                let before = self.object_head(&key).await?.map(|found| head_of(&found.meta));
                self.put_newer(path, &key, &bytes, before.as_ref()).await
            };
            match self.runtime.block_on(put) {
                Ok(true) => Ok(()),
                Ok(false) => Err("another wrote it at the same time".into()),
                Err(error) => Err(error.into()),
            }
        } else {
            self.overwrite(&key, content, size, attributes)
        };
        written.map_err(|error| self.failed(WRITE, path, error))
    }

    fn settle(&self, _folders: &mut dyn Iterator<Item = &str>) -> Result<(), StoreError> {
        // What an object store answered is there for everybody.
        Ok(())
    }

    fn link_folder(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn links(&self, _: &str) -> Result<Vec<(String, String)>, StoreError> {
        Ok(Vec::new())
    }

    fn list(&self, folder: &str) -> Result<BTreeMap<String, FileHead>, StoreError> {
        let prefix = self.key(folder)?;
        let objects = async {
            let objects = self.store.list(Some(&prefix)).try_collect().await?;
            self.without_markers(objects).await
        };
        let objects = self.runtime.block_on(objects);
        let files = objects
            .map_err(|error| self.failed(LIST, folder, error))?
            .into_iter()
            .filter_map(|object| Some((self.below(&object.location)?, head_of(&object))));
        Ok(files.collect())
    }

    fn irregular_files(&self, _folder: &str) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let prefix = self.key(folder)?;
        let objects = async {
            let listed = self.store.list_with_delimiter(Some(&prefix)).await?;
            self.without_markers(listed.objects).await
        };
        let objects = self.runtime.block_on(objects);
        let objects = objects.map_err(|error| self.failed(LIST, folder, error))?;
        let objects = objects.iter();
        let mut names: Vec<String> = objects
            .filter_map(|object| Some(object.location.filename()?.to_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    fn folders(&self, folder: &str) -> Result<Vec<String>, StoreError> {
        let prefix = self.key(folder)?;
        let listed = self
            .runtime
            .block_on(self.store.list_with_delimiter(Some(&prefix)));
        let listed = listed.map_err(|error| self.failed(LIST, folder, error))?;
        let mut names: Vec<String> = listed
            .common_prefixes
            .iter()
            .filter_map(|prefix| Some(prefix.parts().next_back()?.as_ref().to_owned()))
            .collect();
        names.sort();
        Ok(names)
    }

    fn give_up(&self, path: &str) -> Result<(), StoreError> {
        if path.starts_with(NOTES) {
            let note = self.read(path)?.unwrap_or_default();
            self.abort_noted(&note)
                .map_err(|error| self.failed("give up the upload of", path, error))?;
        }
        self.delete(path)
    }

    fn delete(&self, path: &str) -> Result<(), StoreError> {
        self.delete_all(&[path.to_owned()])
    }

    fn delete_all(&self, paths: &[String]) -> Result<(), StoreError> {
        let keys = paths.iter().map(|path| self.key(path));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let keys = stream::iter(keys.into_iter().map(Ok)).boxed();
        let results = self.store.delete_stream(keys).collect::<Vec<_>>();
        // They come in the order of the keys.
        for (path, result) in paths.iter().zip(self.runtime.block_on(results)) {
            match result {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(self.failed("delete", path, error)),
            }
        }
        Ok(())
    }
}

fn head_of(found: &ObjectMeta) -> FileHead {
    FileHead {
        size: found.size,
        modified: found.last_modified.timestamp(),
        tag: found.e_tag.clone(),
        version: found.version.clone(),
    }
}

/// Returns the text of an error without how long its tries took: who tells of each trouble once compares texts.
fn without_duration(text: &str) -> String {
    let parts = text.split_once(" in ").and_then(|(before, rest)| {
        // Behind it: how often it was tried, or the answer to the one try.
        let end = rest.find([',', ' '])?;
        let (duration, after) = rest.split_at(end);
        let is_duration =
            duration.starts_with(|first: char| first.is_ascii_digit()) && duration.ends_with('s');
        is_duration.then(|| format!("{before}{after}"))
    });
    parts.unwrap_or_else(|| text.to_owned())
}

/// Says whether a later try may fare better: a server did not answer, or not with what the protocol says, or it let nobody in.
///
/// Credentials end, and somebody else than who asks has to renew them: what was asked for was right.
fn is_away(action: &str, error: &(dyn std::error::Error + 'static)) -> bool {
    use object_store::Error::{Generic, NotFound, PermissionDenied, Unauthenticated};
    match error.downcast_ref::<object_store::Error>() {
        Some(Generic { .. } | PermissionDenied { .. } | Unauthenticated { .. }) => true,
        // There is no bucket.
        Some(NotFound { .. }) => [WRITE, LIST].contains(&action),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
