//! Random values, and the secrets made of them.
//!
//! An API token is stored as a plain SHA-256, without salt or stretching: both protect secrets that can be guessed, and a token has 256
//! random bits. That keeps the lookup of a token a single query by its digest.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use archive_catalog::accounts::Id;
use debian_control::digest::{self, Sha256};
use rand::RngCore as _;
use rand::rngs::OsRng;

/// What an API token begins with, so that people and scanners know it.
pub(crate) const TOKEN_PREFIX: &str = "rgt_";
/// Hex digits of the random part: 256 bits.
const RANDOM_DIGITS: usize = 64;
/// Hex digits of the checksum, which tells a mistyped token from an unknown one before the catalog is asked.
const CHECK_DIGITS: usize = 8;

/// Returns a name that nothing else has: 128 random bits in hex.
pub(crate) fn random_id() -> String {
    hex(&random::<16>())
}

/// Returns a new key for the catalog.
pub(crate) fn new_id() -> Id {
    random_id().parse().expect("hex digits are a valid id")
}

/// Returns a new API token.
pub(crate) fn new_token() -> String {
    let random = hex(&random::<32>());
    format!("{TOKEN_PREFIX}{random}{:08x}", crc32fast::hash(random.as_bytes()))
}

/// Returns the digest under which the catalog knows a token; `None` when the text is not an API token, or was cut or mistyped.
pub(crate) fn token_digest(text: &str) -> Option<Sha256> {
    let digits = text.strip_prefix(TOKEN_PREFIX)?;
    let (random, check) = digits.split_at_checked(RANDOM_DIGITS)?;
    let right = check.len() == CHECK_DIGITS && format!("{:08x}", crc32fast::hash(random.as_bytes())) == check;
    right.then(|| digest::sha256(text.as_bytes()))
}

/// Returns a new secret that signs access tokens.
pub(crate) fn new_secret() -> String {
    hex(&random::<32>())
}

/// Returns the secret that signs access tokens: the one kept below `root`, made now when there is none.
pub(crate) fn jwt_secret(root: &Path) -> io::Result<String> {
    let path = root.join("keys/jwt.secret");
    if let Some(kept) = read(&path)? {
        return Ok(kept);
    }
    let folder = root.join("keys");
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&folder)?;
    // Written beside and linked: another server that starts at the same time sees a whole secret or none.
    let draft = folder.join(format!(".jwt.secret.{}", random_id()));
    let mut file = File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)?;
    let made = file
        .write_all(new_secret().as_bytes())
        .and_then(|()| file.sync_all())
        .and_then(|()| match fs::hard_link(&draft, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => File::open(&folder)?.sync_all(),
        });
    fs::remove_file(&draft)?;
    made?;
    read(&path)?.ok_or_else(|| io::ErrorKind::NotFound.into())
}

fn read(path: &Path) -> io::Result<Option<String>> {
    let mut text = String::new();
    match File::open(path) {
        Ok(file) => file.take(4096).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let text = text.trim().to_owned();
    if text.len() < 32 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file has fewer than 32 bytes",
        ));
    }
    Ok(Some(text))
}

/// Returns random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_known_by_its_form_and_a_mistyped_one_is_not() {
        let token = new_token();
        assert!(token_digest(&token).is_some());
        assert_ne!(token, new_token());
        let cut = &token[..token.len() - 1];
        let changed = token.replace(&token[4..5], if &token[4..5] == "0" { "1" } else { "0" });
        for wrong in ["", "rgt_", cut, &changed, &token[1..]] {
            assert!(token_digest(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let secret = jwt_secret(root.path()).unwrap();
        assert_eq!(jwt_secret(root.path()).unwrap(), secret);
        assert_eq!(secret.len(), 64);
        let keys = root.path().join("keys");
        let mode = fs::metadata(keys.join("jwt.secret"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(keys).unwrap().count(), 1);
    }
}
