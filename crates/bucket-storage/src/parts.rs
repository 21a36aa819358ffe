//! Files that go up in parts.
//!
//! Parts that were sent cost money until their upload is completed or given up, and no listing of the bucket shows them. So each upload is
//! noted in the bucket before its first part: whoever finds an old note gives up what a killed program left.

use std::io::Read;

use debian_control::digest::Sha256;
use object_store::multipart::MultipartStore;
use object_store::path::Path;
use object_store::{Attributes, MultipartId, MultipartUpload as _, ObjectStoreExt as _, PutMultipartOptions};

use crate::bucket::{Bucket, NOTES, PART, RequestError};
use crate::content::{expect_end, take};

impl Bucket {
    /// Sends an object in parts. Its bytes are read outside of the runtime: what they are read from may need one itself.
    pub(crate) fn send_parts(
        &self,
        key: &Path,
        content: (&mut dyn Read, u64),
        attributes: Attributes,
    ) -> Result<(), RequestError> {
        let options = PutMultipartOptions {
            attributes,
            ..PutMultipartOptions::default()
        };
        match &self.parts {
            Some(parts) => self.send_noted(parts.as_ref(), key, content, options),
            None => self.send_expiring(key, content, options),
        }
    }

    fn send_noted(
        &self,
        store: &dyn MultipartStore,
        key: &Path,
        content: (&mut dyn Read, u64),
        options: PutMultipartOptions,
    ) -> Result<(), RequestError> {
        let id = self.runtime.block_on(store.create_multipart_opts(key, options))?;
        let text = format!("{key}\n{id}\n");
        let note = self.key(&format!("{NOTES}{}", Sha256::of(text.as_bytes())))?;
        let send_all = || {
            self.runtime.block_on(self.store.put(&note, text.into()))?;
            let mut sent = Vec::new();
            each_part(content, |part| {
                let put = store.put_part(key, &id, sent.len(), part.into());
                sent.push(self.runtime.block_on(put)?);
                Ok(())
            })?;
            self.runtime.block_on(store.complete_multipart(key, &id, sent))?;
            Ok::<(), RequestError>(())
        };
        let sent = send_all();
        // Where giving up fails, the note stays, and is found when it is old.
        if sent.is_err() && self.runtime.block_on(store.abort_multipart(key, &id)).is_err() {
            return sent;
        }
        self.runtime.block_on(self.store.delete(&note))?;
        sent
    }

    /// Sends an object to a store that drops parts by itself, after a week.
    fn send_expiring(
        &self,
        key: &Path,
        content: (&mut dyn Read, u64),
        options: PutMultipartOptions,
    ) -> Result<(), RequestError> {
        let mut upload = self
            .runtime
            .block_on(self.store.put_multipart_opts(key, options))?;
        each_part(content, |part| {
            self.runtime.block_on(upload.put_part(part.into()))?;
            Ok(())
        })?;
        self.runtime.block_on(upload.complete())?;
        Ok(())
    }

    /// Gives up the upload that a note is about, where it has not ended.
    pub(crate) fn abort_noted(&self, note: &[u8]) -> Result<(), RequestError> {
        let (Some(store), Some((key, id))) = (&self.parts, read_note(note)) else {
            return Ok(());
        };
        match self.runtime.block_on(store.abort_multipart(&key, &id)) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn each_part(
    (content, size): (&mut dyn Read, u64),
    mut send: impl FnMut(Vec<u8>) -> Result<(), RequestError>,
) -> Result<(), RequestError> {
    let mut left = size;
    while left > 0 {
        let part = take(content, left.min(PART))?;
        left -= part.len() as u64;
        send(part)?;
    }
    expect_end(content)?;
    Ok(())
}

/// Reads a note; `None` where it is not one, or was not written to its end.
fn read_note(note: &[u8]) -> Option<(Path, MultipartId)> {
    let (key, id) = std::str::from_utf8(note)
        .ok()?
        .strip_suffix('\n')?
        .split_once('\n')?;
    (!id.is_empty()).then_some(())?;
    Some((Path::parse(key).ok()?, id.to_owned()))
}
