//! gpg and gpgv in a home of their own.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use tempfile::TempDir;

/// A GnuPG home that ends with the test.
pub(crate) struct Gpg {
    home: TempDir,
}

impl Gpg {
    pub(crate) fn new() -> Self {
        let gpg = Self {
            home: TempDir::with_prefix("gpg").unwrap(),
        };
        // The least work for passphrases: how slow they are by default is not what is tested.
        gpg.write("gpg-agent.conf", "s2k-count 65536\n");
        gpg
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Writes a file into the home.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Adds a subkey to a key of its own; `kind` and `expire` as for [`generate`](Self::generate).
    pub(crate) fn add_subkey(&self, fingerprint: &str, kind: &str, usage: &str, expire: &str) {
        self.gpg(
            &[
                "--passphrase",
                "",
                "--quick-add-key",
                fingerprint,
                kind,
                usage,
                expire,
            ],
            b"",
        );
    }

    /// Makes a key; `kind` as gpg names it (`ed25519`, `rsa3072`), `expire` too (`0`, `1y`). Returns its fingerprint.
    pub(crate) fn generate(&self, name: &str, kind: &str, usage: &str, expire: &str) -> String {
        self.gpg(
            &[
                "--passphrase",
                "",
                "--quick-generate-key",
                name,
                kind,
                usage,
                expire,
            ],
            b"",
        );
        self.fingerprint(name)
    }

    pub(crate) fn fingerprint(&self, name: &str) -> String {
        let listing = String::from_utf8(self.gpg(&["--with-colons", "--list-keys", name], b"")).unwrap();
        let line = listing.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    /// Runs gpg, which must succeed.
    pub(crate) fn gpg(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.try_gpg(args, input);
        assert!(
            output.status.success(),
            "gpg {args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        output.stdout
    }

    pub(crate) fn try_gpg(&self, args: &[&str], input: &[u8]) -> Output {
        run(
            self.command("gpg")
                .args(["--batch", "--yes", "--pinentry-mode", "loopback"])
                .args(args),
            input,
        )
    }

    /// Runs gpgv with a keyring over files; the files' names follow the signature as gpgv takes them.
    pub(crate) fn gpgv(&self, keyring: &Path, files: &[&Path]) -> Output {
        let mut command = self.command("gpgv");
        run(command.arg("--keyring").arg(keyring).args(files), b"")
    }

    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("GNUPGHOME", self.home.path())
            .env("LC_ALL", "C");
        command
    }
}

impl Drop for Gpg {
    fn drop(&mut self) {
        let _ = self.command("gpgconf").args(["--kill", "all"]).output();
    }
}

pub(crate) fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

pub(crate) fn now() -> i64 {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    i64::try_from(now.as_secs()).unwrap()
}

/// A Release file as it looks, with the lines that clear-signing could stumble over.
pub(crate) const RELEASE: &str = "\
Origin: Example
Suite: stable
Date: Mon, 23 Nov 2026 00:50:15 UTC
Description: with a dash
 - From the first line
SHA256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855        0 main/binary-amd64/Packages
";

/// Text with every line that has to be escaped.
pub(crate) const DASHES: &str = "-----BEGIN PGP SIGNATURE-----\n- dash\n--\nFrom here\n-\n\nend\n";
