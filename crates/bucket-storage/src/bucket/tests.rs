//! What a bucket does where others come in between, in the memory of the test.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::{
    CopyOptions, ListResult, MultipartUpload, PutMultipartOptions, PutPayload, PutResult, Result,
};

use super::*;

/// A store where somebody takes an object away whenever it is about to be read, so many times, and puts it back but for the last.
#[derive(Debug)]
struct Vanishing {
    store: InMemory,
    times: AtomicU32,
}

impl fmt::Display for Vanishing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(formatter)
    }
}

impl ObjectStore for Vanishing {
    fn put_opts<'store: 'put, 'path: 'put, 'put>(
        &'store self,
        location: &'path Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> BoxFuture<'put, Result<PutResult>> {
        self.store.put_opts(location, payload, options)
    }

    fn put_multipart_opts<'store: 'put, 'path: 'put, 'put>(
        &'store self,
        location: &'path Path,
        options: PutMultipartOptions,
    ) -> BoxFuture<'put, Result<Box<dyn MultipartUpload>>> {
        self.store.put_multipart_opts(location, options)
    }

    fn get_opts<'store: 'get, 'path: 'get, 'get>(
        &'store self,
        location: &'path Path,
        options: GetOptions,
    ) -> BoxFuture<'get, Result<GetResult>> {
        Box::pin(async move {
            let take_one = |times: u32| times.checked_sub(1);
            let taken = self
                .times
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take_one);
            let Ok(times) = taken else {
                return self.store.get_opts(location, options).await;
            };
            let object = self.store.get(location).await?.bytes().await?;
            self.store.delete(location).await?;
            let found = self.store.get_opts(location, options).await;
            if times > 1 {
                self.store.put(location, object.into()).await?;
            }
            found
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.store.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    fn list_with_delimiter<'store: 'list, 'path: 'list, 'list>(
        &'store self,
        prefix: Option<&'path Path>,
    ) -> BoxFuture<'list, Result<ListResult>> {
        self.store.list_with_delimiter(prefix)
    }

    fn copy_opts<'store: 'copy, 'from: 'copy, 'to: 'copy, 'copy>(
        &'store self,
        from: &'from Path,
        to: &'to Path,
        options: CopyOptions,
    ) -> BoxFuture<'copy, Result<()>> {
        self.store.copy_opts(from, to, options)
    }
}

fn bucket(vanishing: u32) -> Bucket {
    let store = Arc::new(Vanishing {
        store: InMemory::new(),
        times: AtomicU32::new(vanishing),
    });
    Bucket {
        url: "memory".into(),
        store,
        parts: None,
        prefix: Path::default(),
        runtime: OwnRuntime(Some(Runtime::new().unwrap())),
    }
}

#[test]
fn a_claim_that_is_gone_when_it_is_looked_at_is_made_and_not_taken_for_ones_own() {
    let bucket = bucket(1);
    let claim = Path::from("staged/claims/name");
    let (mine, another) = (Sha256::of(b"mine"), Sha256::of(b"another"));
    let claims = |sha256: &Sha256| bucket.runtime.block_on(bucket.claim(&claim, sha256)).unwrap();
    assert!(claims(&another));
    assert!(claims(&mine));
    assert!(!claims(&another));
    assert!(claims(&mine));
}

#[test]
fn a_name_that_others_take_and_give_back_without_end_is_an_error() {
    let bucket = bucket(u32::MAX);
    let key = Path::from("pool/name.deb");
    let file = tempfile::NamedTempFile::new().unwrap();
    let file = LocalFile {
        path: file.path(),
        sha256: Sha256::of(b""),
        size: 0,
    };
    bucket
        .runtime
        .block_on(bucket.store.put(&key, "another".into()))
        .unwrap();
    let whole = bucket.put_new_whole("pool/name.deb", &key, &file);
    assert!(bucket.runtime.block_on(whole).is_err());
    let claim = bucket.claim(&key, &file.sha256);
    assert!(bucket.runtime.block_on(claim).is_err());
}

#[test]
fn a_clock_of_the_store_that_went_back_is_not_waited_for() {
    let bucket = bucket(0);
    let path = "dists/stable/InRelease";
    let key = Path::from(path);
    let put = |bytes: &[u8], before: Option<&FileHead>| {
        let put = bucket.put_newer(path, &key, bytes, before);
        bucket.runtime.block_on(put).unwrap()
    };
    assert!(put(b"one", None));
    // As it was written by a clock an hour ahead of the one that the store has now.
    let mut before = bucket.head(path).unwrap().unwrap();
    before.modified += 3_600;
    assert!(put(b"two", Some(&before)));
    assert_eq!(bucket.read(path).unwrap().unwrap(), b"two");
    assert!(!put(b"three", Some(&before)));
}

#[test]
fn of_two_that_come_within_a_second_the_second_has_a_later_time() {
    let bucket = bucket(0);
    let path = "dists/stable/InRelease";
    let key = Path::from(path);
    let mut before = None;
    for bytes in [b"one", b"two"] {
        let put = bucket.put_newer(path, &key, bytes, before.as_ref());
        assert!(bucket.runtime.block_on(put).unwrap());
        let head = bucket.head(path).unwrap().unwrap();
        assert!(before.is_none_or(|before: FileHead| head.modified > before.modified));
        before = Some(head);
    }
}

#[test]
fn a_store_that_does_not_answer_or_lets_nobody_in_may_do_it_later() {
    let bucket = bucket(0);
    let source = || RequestError::from("403 Forbidden");
    let path = || "pool/name.deb".to_owned();
    let fails = |action, error: object_store::Error| bucket.failed(action, "pool/name.deb", error).is_away;
    let is_away = |error| fails(WRITE, error);
    assert!(is_away(object_store::Error::Generic {
        store: "S3",
        source: source()
    }));
    assert!(is_away(object_store::Error::PermissionDenied {
        path: path(),
        source: source()
    }));
    assert!(is_away(object_store::Error::Unauthenticated {
        path: path(),
        source: source()
    }));
    let missing = || object_store::Error::NotFound {
        path: path(),
        source: source(),
    };
    // The bucket, where something is written or listed; else what is copied.
    assert!(fails(WRITE, missing()) && fails(LIST, missing()));
    assert!(!fails("copy to", missing()));
}

#[test]
fn a_bucket_may_be_dropped_where_nothing_may_wait() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { drop(bucket(0)) });
}

#[test]
fn errors_of_one_trouble_have_one_text() {
    let text = |duration: &str| {
        format!("Error performing GET http://store/key in {duration}, after 4 retries: 503 in all")
    };
    assert_eq!(
        without_duration(&text("543.4ms")),
        "Error performing GET http://store/key, after 4 retries: 503 in all"
    );
    assert_eq!(
        without_duration("Error performing HEAD http://store/key in 12.3ms - 403 Forbidden"),
        "Error performing HEAD http://store/key - 403 Forbidden"
    );
    for other in ["nothing in it", "in 3s, once", "kept in a folder, after all"] {
        assert_eq!(without_duration(other), other);
    }
}
