//! Signing with a program that holds the key: gpg with a smart card, a client of a signing service.

mod run;

use std::path::Path;
use std::time::Duration;

use debian_control::inrelease::check_fit;
use openpgp_policy::{Keyring, verify_detached};

use super::{SignError, Signatures, Signer};

/// Most bytes of certificates taken from the command or its file.
const MAX_CERTIFICATE: usize = 16 << 20;
/// Most bytes by which a signature makes its text longer.
const MAX_SIGNATURE: usize = 256 << 10;
/// Signed once to learn which of several exported keys the command signs with.
const PROBE: &str = "Comment: which key signs here?\n";

/// How a signing command is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandOptions<'a> {
    /// The program and its first arguments, such as `gpg --batch --local-user KEY`.
    pub command: &'a [String],
    /// A file with the public certificate; `None` asks the command, with `--armor --export`.
    pub certificate: Option<&'a Path>,
    /// How long one run may take.
    pub timeout: Duration,
}

impl CommandOptions<'_> {
    /// How long one run may take where nothing else was chosen.
    pub const TIMEOUT: Duration = Duration::from_secs(60);
}

/// A program that signs what comes on its stdin.
///
/// It is run with `--armor --clearsign`, `--armor --detach-sign` or `--armor --export` appended to its arguments, and
/// with `clearsign`, `detach-sign` or `export` in the variable `REPOGEN_SIGN`. The Release text comes on its stdin,
/// the result is expected on its stdout. No shell is involved, and it runs in a process group of its own, so that it
/// can be ended with everything it started.
#[derive(Debug)]
pub struct ExternalCommand {
    command: run::ExternalProcess,
    keyring: Keyring,
}

impl ExternalCommand {
    /// Learns the command's certificate; `now` is in unix seconds.
    ///
    /// Where the command exports several certificates (gpg exports all it knows), it is asked for one signature, and
    /// those that made it are kept.
    ///
    /// # Errors
    /// When there is no command, its certificate cannot be read, or none of the exported ones signed.
    pub fn open(options: &CommandOptions<'_>, now: i64) -> Result<Self, SignError> {
        let command = run::ExternalProcess::new(options.command, options.timeout)?;
        let keyring = match options.certificate {
            Some(path) => read_certificate(path)?,
            None => {
                let exported = command.run("export", "", MAX_CERTIFICATE)?;
                let origin = format!("`{} --armor --export`", command.program());
                Keyring::read(&exported).map_err(|source| SignError::Certificate { origin, source })?
            }
        };
        let mut this = Self { command, keyring };
        if options.certificate.is_none() && this.keyring.certificates().len() > 1 {
            this.keep_signers(now)?;
        }
        Ok(this)
    }

    fn keep_signers(&mut self, now: i64) -> Result<(), SignError> {
        let signature = self.command.run("detach-sign", PROBE, MAX_SIGNATURE)?;
        let probe = verify_detached(PROBE.as_bytes(), &signature, &self.keyring, now).map_err(|source| {
            SignError::Unverified {
                file: "trial signature",
                source: Box::new(source),
            }
        })?;
        self.keyring
            .retain(|certificate| probe.signers.contains(&certificate.fingerprint()));
        Ok(())
    }
}

impl Signer for ExternalCommand {
    fn sign(&self, release: &str, _now: i64) -> Result<Signatures, SignError> {
        check_fit(release)?;
        // Every line of the text may grow by an escape.
        let inrelease = self
            .command
            .run("clearsign", release, release.len() * 2 + MAX_SIGNATURE)?;
        let detached = self.command.run("detach-sign", release, MAX_SIGNATURE)?;
        Ok(Signatures {
            inrelease,
            detached,
            signers: Vec::new(),
        })
    }

    fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    fn problems(&self, _now: i64) -> Vec<SignError> {
        Vec::new()
    }
}

fn read_certificate(path: &Path) -> Result<Keyring, SignError> {
    let bytes = std::fs::read(path).map_err(|source| SignError::CertificateFile {
        path: path.to_owned(),
        source,
    })?;
    let origin = format!("`{}`", path.display());
    Keyring::read(&bytes).map_err(|source| SignError::Certificate { origin, source })
}
