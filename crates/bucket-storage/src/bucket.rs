//! A bucket of an object store: S3, and what speaks its protocol; Google's and Azure's.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::time::Duration;

use futures_util::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, MultipartUpload as _, ObjectStore, ObjectStoreExt as _, PutMode,
    PutMultipartOptions, PutOptions,
};
use tokio::runtime::Runtime;
use url::Url;

use crate::StoreUrlError;
use archive_storage::store::{FileStore, Lifetime, StoreError, cache_control, content_type, is_release};

/// Files above this size go up in parts, in bytes: so much is held in memory.
const PART: u64 = 8 * 1024 * 1024;

/// A bucket, or a prefix in one.
pub struct Bucket {
    url: String,
    store: Box<dyn ObjectStore>,
    prefix: Path,
    runtime: Runtime,
}

impl Bucket {
    /// Opens a bucket; no request is made.
    pub fn open(
        url: &str,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, StoreUrlError> {
        // Fails where the program has one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let wrong = |source: Box<dyn std::error::Error + Send + Sync>| StoreUrlError::Setting {
            url: url.to_owned(),
            source,
        };
        let parsed = Url::parse(url).map_err(|error| wrong(Box::new(error)))?;
        let variables = variables.into_iter().filter_map(|(name, value)| {
            let is_of_a_store = ["AWS_", "GOOGLE_", "AZURE_"]
                .iter()
                .any(|prefix| name.starts_with(prefix));
            (is_of_a_store && !value.is_empty()).then(|| (name.to_ascii_lowercase(), value))
        });
        let (store, prefix) =
            object_store::parse_url_opts(&parsed, variables).map_err(|error| wrong(Box::new(error)))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| StoreUrlError::Runtime {
                url: url.to_owned(),
                source,
            })?;
        Ok(Self {
            url: url.to_owned(),
            store,
            prefix,
            runtime,
        })
    }

    /// Returns the key of a path, letter for letter: `~` and `+` of versions stand in keys as clients ask for them.
    fn key(&self, path: &str) -> Result<Path, StoreError> {
        let key = match self.prefix.as_ref() {
            "" => path.to_owned(),
            prefix => format!("{prefix}/{path}"),
        };
        Path::parse(key).map_err(|error| self.failed("name", path, error))
    }

    fn failed(
        &self,
        action: &'static str,
        path: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> StoreError {
        StoreError {
            action,
            path: path.to_owned(),
            store: self.url.clone(),
            // The text of an error of a request has all its causes: as sources they would be told again.
            source: source.into().to_string().into(),
        }
    }

    async fn put_whole(
        &self,
        key: &Path,
        bytes: Vec<u8>,
        attributes: Attributes,
        lifetime: Lifetime,
    ) -> Result<(), object_store::Error> {
        let mode = match lifetime {
            Lifetime::Immutable => PutMode::Create,
            Lifetime::Replaceable => PutMode::Overwrite,
        };
        let options = PutOptions {
            mode,
            attributes: attributes.clone(),
            ..PutOptions::default()
        };
        let size = bytes.len() as u64;
        match self.store.put_opts(key, bytes.clone().into(), options).await {
            Err(object_store::Error::AlreadyExists { .. }) if lifetime == Lifetime::Immutable => {
                // Another run was faster, with the same content. Of another size, it is what had the name before a prune.
                if self.store.head(key).await?.size == size {
                    return Ok(());
                }
                let again = PutOptions {
                    attributes,
                    ..PutOptions::default()
                };
                self.store.put_opts(key, bytes.into(), again).await.map(drop)
            }
            put => put.map(drop),
        }
    }

    /// Puts an object whose `Last-Modified`, which has seconds only, is later than that of the one before.
    ///
    /// apt asks by If-Modified-Since: of two that came within a second it would take the first for the newest.
    async fn put_newer(
        &self,
        key: &Path,
        bytes: Vec<u8>,
        attributes: Attributes,
    ) -> Result<(), object_store::Error> {
        let second = async || match self.store.head(key).await {
            Ok(found) => Ok(Some(found.last_modified.timestamp())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        };
        let before = second().await?;
        loop {
            self.put_whole(key, bytes.clone(), attributes.clone(), Lifetime::Replaceable)
                .await?;
            if before.is_none() || second().await? > before {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    async fn put_parts(
        &self,
        key: &Path,
        content: &mut dyn Read,
        size: u64,
        attributes: Attributes,
    ) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        let mut upload = self.store.put_multipart_opts(key, options).await?;
        let sent = async {
            let mut left = size;
            while left > 0 {
                let part = take(content, left.min(PART))?;
                left -= part.len() as u64;
                upload.put_part(part.into()).await?;
            }
            expect_end(content)?;
            upload.complete().await?;
            Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
        }
        .await;
        if sent.is_err() {
            // Parts of an upload that is never completed cost money; what is missed here the bucket's own rule has to take.
            let _ = upload.abort().await;
        }
        sent
    }
}

impl FileStore for Bucket {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let key = self.key(path)?;
        let read = async {
            let found = self.store.get(&key).await?;
            found.bytes().await
        };
        match self.runtime.block_on(read) {
            Ok(bytes) => Ok(Some(bytes.to_vec())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path, error)),
        }
    }

    fn write(
        &self,
        path: &str,
        content: &mut dyn Read,
        size: u64,
        lifetime: Lifetime,
    ) -> Result<(), StoreError> {
        let key = self.key(path)?;
        let mut attributes = Attributes::new();
        attributes.insert(Attribute::CacheControl, cache_control(path, lifetime).into());
        attributes.insert(Attribute::ContentType, content_type(path).into());
        if size > PART {
            let put = self.put_parts(&key, content, size, attributes);
            return self
                .runtime
                .block_on(put)
                .map_err(|error| self.failed("write", path, error));
        }
        let bytes = take(content, size).and_then(|bytes| expect_end(content).map(|()| bytes));
        let bytes = bytes.map_err(|error| self.failed("read what is written to", path, error))?;
        let put = async {
            if lifetime == Lifetime::Replaceable && is_release(path) {
                self.put_newer(&key, bytes, attributes).await
            } else {
                self.put_whole(&key, bytes, attributes, lifetime).await
            }
        };
        self.runtime
            .block_on(put)
            .map_err(|error| self.failed("write", path, error))
    }

    fn settle(&self) -> Result<(), StoreError> {
        // What an object store answered is there for everybody.
        Ok(())
    }

    fn link_folder(&self, _: &str, _: &str) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn list(&self, folder: &str) -> Result<BTreeMap<String, u64>, StoreError> {
        let prefix = self.key(folder)?;
        let objects = self
            .runtime
            .block_on(self.store.list(Some(&prefix)).try_collect::<Vec<_>>())
            .map_err(|error| self.failed("list", folder, error))?;
        let files = objects.into_iter().filter_map(|object| {
            let parts = object.location.prefix_match(&self.prefix)?;
            let parts: Vec<String> = parts.map(|part| part.as_ref().to_owned()).collect();
            Some((parts.join("/"), object.size))
        });
        Ok(files.collect())
    }

    fn delete(&self, path: &str) -> Result<(), StoreError> {
        match self.runtime.block_on(self.store.delete(&self.key(path)?)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("delete", path, error)),
        }
    }
}

/// Reads exactly `size` bytes.
fn take(content: &mut dyn Read, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    content.take(size).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != size {
        return Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("{} of {size} bytes came", bytes.len()),
        ));
    }
    Ok(bytes)
}

/// Reads the end: what checks a content says only there whether it is right.
fn expect_end(content: &mut dyn Read) -> io::Result<()> {
    match content.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "more bytes came than were announced",
        )),
    }
}
