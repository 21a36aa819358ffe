//! Clear-signed messages against those that gpg makes.

#![expect(
    clippy::disallowed_methods,
    reason = "the library is pure, but these tests hand files to gpg"
)]
#![expect(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use debian_control::inrelease::{check_fit, split};

/// A home for gpg with a key in it. Its agent ends with it.
struct Home(tempfile::TempDir);

impl Home {
    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf")
            .args(["--kill", "all"])
            .env("GNUPGHOME", self.path())
            .status();
    }
}

fn home() -> Home {
    let home = Home(tempfile::tempdir().unwrap());
    let key = [
        "--quick-generate-key",
        "Example <example@example.org>",
        "ed25519",
        "sign",
        "never",
    ];
    assert!(gpg(home.path(), &key).status.success());
    home
}

fn gpg(home: &Path, arguments: &[&str]) -> Output {
    Command::new("gpg")
        .args([
            "--batch",
            "--quiet",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ])
        .args(arguments)
        .current_dir(home)
        .env("GNUPGHOME", home)
        .env("LC_ALL", "C")
        .output()
        .expect("gpg runs")
}

fn signed(home: &Path, text: &str) -> String {
    fs::write(home.join("text"), text).unwrap();
    let output = gpg(home, &["--clearsign", "--output", "-", "text"]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The text that gpg says was signed; `None` when it refuses the message.
fn verified(home: &Path, message: &str) -> Option<String> {
    fs::write(home.join("message"), message).unwrap();
    let output = gpg(home, &["--decrypt", "--output", "-", "message"]);
    output
        .status
        .success()
        .then(|| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_message_by_gpg_gives_the_text_that_gpg_gives() {
    let home = home();
    for text in [
        "Origin: Example\nSuite: stable\n",
        "SHA256:\n abc 1 main/Contents-all\n",
        "-----BEGIN PGP SIGNATURE-----\n- dash\n-\nFrom here\n",
        "a\n\n\nb\n",
        "é ü\n",
    ] {
        assert_eq!(check_fit(text), Ok(()));
        let message = signed(home.path(), text);
        assert_eq!(split(message.as_bytes()).unwrap().text, text);
        assert_eq!(verified(home.path(), &message).as_deref(), Some(text));
        let mailed = message.replace('\n', "\r\n");
        assert_eq!(split(mailed.as_bytes()).unwrap().text, text);
    }
    // Blanks at the ends of lines can be added on the way: they are not signed, and not part of the text.
    let message = signed(home.path(), "A: b\nC: d\n");
    let padded = message.replace("A: b\n", "A: b \t\n");
    assert!(verified(home.path(), &padded).is_some());
    assert_eq!(split(padded.as_bytes()).unwrap().text, "A: b\nC: d\n");
    // gpg passes over what stands around a message; here it is refused.
    let wrapped = format!("Origin: Evil\n\n{message}\nOrigin: Evil\n");
    assert!(verified(home.path(), &wrapped).is_some());
    assert!(split(wrapped.as_bytes()).is_err());
}
