//! What an archive has signed, as it came: verified when it comes, and again whenever the archive says that nothing is new.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use debian_control::digest::{Digester, Sha256};
use openpgp_policy::{Keyring, Signed, Verified, VerifyError, verify_detached, verify_inrelease};

/// A signed Release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SignedRelease {
    /// `InRelease`: the text and its signatures in one.
    Inline(Vec<u8>),
    /// `Release`, and `Release.gpg` beside it, of archives that have no `InRelease`.
    Detached {
        /// The text.
        release: Vec<u8>,
        /// Its signatures.
        signature: Vec<u8>,
    },
}

impl SignedRelease {
    /// Returns the text that a key of `keyring` has signed. `now` is in Unix seconds.
    pub(super) fn verify(&self, keyring: &Keyring, now: i64) -> Result<Verified, VerifyError> {
        match self {
            Self::Inline(bytes) => verify_inrelease(bytes, keyring, now),
            Self::Detached { release, signature } => {
                let Signed { signers, made } = verify_detached(release, signature, keyring, now)?;
                Ok(Verified {
                    // What is no text is no Release either: its parser says so.
                    text: String::from_utf8_lossy(release).into_owned(),
                    signers,
                    made,
                })
            }
        }
    }

    /// Keeps it under its digest.
    pub(super) fn keep(&self, folder: &Path) -> io::Result<Sha256> {
        let sha256 = self.sha256();
        let [text, signature] = paths(folder, &sha256);
        match self {
            Self::Inline(bytes) => replace(&text, bytes)?,
            Self::Detached {
                release,
                signature: signed,
            } => {
                replace(&signature, signed)?;
                replace(&text, release)?;
            }
        }
        Ok(sha256)
    }

    /// Returns what was kept under a digest; `None` when it is not there, or no longer what it was.
    pub(super) fn kept(folder: &Path, sha256: &Sha256) -> Option<Self> {
        let [text, signature] = paths(folder, sha256);
        let text = fs::read(text).ok()?;
        let message = match fs::read(signature) {
            Ok(signature) => Self::Detached {
                release: text,
                signature,
            },
            Err(_) => Self::Inline(text),
        };
        (message.sha256() == *sha256).then_some(message)
    }

    fn sha256(&self) -> Sha256 {
        let mut digester = Digester::sha256();
        match self {
            Self::Inline(bytes) => digester.update(bytes),
            Self::Detached { release, signature } => {
                digester.update(signature);
                digester.update(release);
            }
        }
        digester.finish().sha256
    }
}

/// Returns where the text and a signature of its own lie.
fn paths(folder: &Path, sha256: &Sha256) -> [PathBuf; 2] {
    ["Release", "gpg"].map(|end| folder.join(format!("{sha256}.{end}")))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write as _;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_unless_it_was_changed() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let inline = SignedRelease::Inline(b"text".to_vec());
        let detached = SignedRelease::Detached {
            release: b"text".to_vec(),
            signature: b"signed".to_vec(),
        };
        for signed in [inline, detached] {
            let sha256 = signed.keep(folder).unwrap();
            assert_eq!(SignedRelease::kept(folder, &sha256), Some(signed));
            fs::write(folder.join(format!("{sha256}.Release")), b"other").unwrap();
            assert_eq!(SignedRelease::kept(folder, &sha256), None);
        }
    }
}
