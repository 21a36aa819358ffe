//! Signing with keys on this disk.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use debian_control::inrelease::check_fit;
use openpgp_policy::{Fingerprint, Keyring};
use pgp::packet::{Signature, SignatureType};

use super::keys::{KeyError, SecretKey};
use super::{SignError, Signatures, Signer, message};

/// Most bytes read as one key file.
const MAX_BYTES: u64 = 1 << 20;

/// Secret keys read from files: the archive's key, and further ones that sign beside it during a rotation.
///
/// Each Release gets one signature of each key. Equal text, time and keys give equal bytes.
#[derive(Debug)]
pub struct KeyFiles {
    keys: Vec<KeyFile>,
    keyring: Keyring,
}

#[derive(Debug)]
struct KeyFile {
    path: PathBuf,
    key: SecretKey,
}

impl KeyFiles {
    /// Reads the archive's key and those that sign beside it.
    ///
    /// # Errors
    /// When a file is missing, unreadable, open to others (any permission for group or world), holds something else
    /// than one unlocked secret key, or repeats a key.
    pub fn open(key: &Path, also: &[PathBuf]) -> Result<Self, SignError> {
        let mut keys: Vec<KeyFile> = Vec::new();
        let mut keyring = Keyring::default();
        for path in std::iter::once(key).chain(also.iter().map(PathBuf::as_path)) {
            let file = KeyFile::open(path)?;
            let fingerprint = file.key.fingerprint();
            if keys.iter().any(|known| known.key.fingerprint() == fingerprint) {
                return Err(SignError::Twice {
                    path: path.to_owned(),
                    fingerprint,
                });
            }
            keyring.insert(file.key.certificate().clone());
            keys.push(file);
        }
        Ok(Self { keys, keyring })
    }

    /// The keys that sign at `now`: the first must be able to, the others sign as long as they can.
    ///
    /// A key that expires while it is used beside another must not stop the archive; [`super::key_notices`] reports it.
    fn able(&self, now: i64) -> Result<Vec<&KeyFile>, SignError> {
        let (first, others) = self.keys.split_first().ok_or(SignError::NoKey)?;
        first.check(now)?;
        Ok(std::iter::once(first)
            .chain(others.iter().filter(|file| file.check(now).is_ok()))
            .collect())
    }
}

impl Signer for KeyFiles {
    fn sign(&self, release: &str, now: i64) -> Result<Signatures, SignError> {
        check_fit(release)?;
        let keys = self.able(now)?;
        let each = |kind, data: &str| -> Result<Vec<Signature>, SignError> {
            keys.iter()
                .map(|file| file.sign(kind, data.as_bytes(), now))
                .collect()
        };
        let signers: Vec<Fingerprint> = keys.iter().map(|file| file.key.fingerprint()).collect();
        let clear = each(SignatureType::Text, message::signed_part(release))?;
        let detached = each(SignatureType::Binary, release)?;
        let failed = |error: pgp::errors::Error| SignError::Signing(error.to_string());
        Ok(Signatures {
            inrelease: message::clear_signed(release, &clear).map_err(failed)?,
            detached: message::detached(&detached).map_err(failed)?,
            signers,
        })
    }

    fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    fn problems(&self, now: i64) -> Vec<SignError> {
        let checked = self.keys.iter().map(|file| file.check(now));
        checked.filter_map(Result::err).collect()
    }
}

impl KeyFile {
    fn open(path: &Path) -> Result<Self, SignError> {
        let bytes = read_private(path)?;
        let key = SecretKey::read(&bytes).map_err(|source| SignError::Key {
            path: path.to_owned(),
            source,
        })?;
        if key.is_locked() {
            Err(SignError::Locked {
                path: path.to_owned(),
            })
        } else {
            Ok(Self {
                path: path.to_owned(),
                key,
            })
        }
    }

    fn check(&self, now: i64) -> Result<(), SignError> {
        self.key.check(now).map_err(|error| self.explain(error))
    }

    fn sign(&self, kind: SignatureType, data: &[u8], now: i64) -> Result<Signature, SignError> {
        self.key
            .sign(kind, data, now)
            .map_err(|error| self.explain(error))
    }

    fn explain(&self, error: KeyError) -> SignError {
        let (path, fingerprint) = (self.path.clone(), self.key.fingerprint());
        match error {
            KeyError::Unusable(source) => SignError::Unusable {
                path,
                fingerprint,
                source,
            },
            KeyError::Failed(detail) => SignError::Signing(detail),
            KeyError::NoSecret => SignError::NoSecret { path, fingerprint },
            source => SignError::Key { path, source },
        }
    }
}

/// Reads a file, and refuses one that other users may read, as ssh does with its keys.
fn read_private(path: &Path) -> Result<Vec<u8>, SignError> {
    let unreadable = |source| SignError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => SignError::Missing {
            path: path.to_owned(),
        },
        _ => unreadable(source),
    })?;
    // Asked of the open file: the path could be exchanged in between.
    let found = file.metadata().map_err(unreadable)?;
    if !found.is_file() {
        return Err(unreadable(io::Error::other("it is not a regular file")));
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SignError::Permissions {
            path: path.to_owned(),
            mode,
        });
    }
    if found.len() > MAX_BYTES {
        return Err(unreadable(io::Error::other(format!(
            "it has more than {MAX_BYTES} bytes"
        ))));
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}
