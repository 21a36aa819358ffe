//! A certificate authority of a test's own, made by `openssl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::Run;

/// An authority; its files are gone with it.
pub struct Authority(TempDir);

/// The certificate of a server and its key, in PEM.
pub struct ServerCertificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key.
    pub key: PathBuf,
}

impl Authority {
    /// Makes one.
    pub fn new() -> Self {
        let authority = Self(tempfile::tempdir().unwrap());
        authority.openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
            "-subj",
            "/CN=authority of a test",
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
        ]);
        authority
    }

    /// Returns the file of its own certificate.
    pub fn file(&self) -> PathBuf {
        self.path("ca.pem")
    }

    /// Makes a certificate for a name, as `IP:127.0.0.1` or `DNS:example.org`.
    pub fn certificate(&self, name: &str) -> ServerCertificate {
        self.openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=server of a test",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ]);
        fs::write(
            self.path("extensions"),
            format!("subjectAltName={name}\nbasicConstraints=CA:FALSE\n"),
        )
        .unwrap();
        self.openssl(&[
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "20",
            "-extfile",
            "extensions",
            "-out",
            "server.pem",
        ]);
        ServerCertificate {
            certificate: self.path("server.pem"),
            key: self.path("server.key"),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn openssl(&self, arguments: &[&str]) {
        Run::of(
            Command::new("openssl")
                .args(arguments)
                .current_dir::<&Path>(self.0.path()),
        )
        .ok();
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
