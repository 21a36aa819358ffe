//! The sign-in of people at a provider of the test's own.

mod accounts;
mod answers;
mod proofs;

use archive_tests::provider::{Browser, Provider};
use archive_tests::{TestArchive, Uploader};
use serde_json::{Value, json};

const GROUPS: &str = "[[group]]\nname = \"staff\"\nrole = \"user\"\n\n[[group]]\nname = \"packagers\"\nrole = \"maintainer\"\nsuites = [\"stable\"]\n\n\
    [[group]]\nname = \"root\"\nrole = \"admin\"\n";

struct World {
    archive: TestArchive,
    server: Uploader,
    provider: Provider,
}

/// Starts an uploader that trusts a provider.
fn world(more: &str) -> World {
    let archive = TestArchive::new();
    archive.account("local", &["--role", "admin", "--email", "local@example.org"]);
    let provider = Provider::start();
    std::fs::create_dir_all(archive.root().join("keys")).unwrap();
    std::fs::write(archive.root().join("keys/client"), "s3cret/+ &\n").unwrap();
    let world = World {
        server: Uploader::start(&archive),
        archive,
        provider,
    };
    world.configure(&world.provider.settings(more, GROUPS));
    world
}

impl World {
    /// Puts other settings in place; they count from the next request on.
    fn configure(&self, text: &str) {
        std::fs::write(self.archive.root().join("single-sign-on.toml"), text).unwrap();
    }

    /// Goes to the provider and comes back as somebody.
    fn enter(&self, subject: &str, more: &Value) -> (Browser<'_>, archive_tests::http::Response) {
        let mut browser = Browser::new(&self.server);
        let visit = browser.visit("");
        let back = self.provider.sign_in(&visit, subject, more);
        let answer = browser.get(&back);
        (browser, answer)
    }

    /// Checks that somebody does not get in, and that the page says why.
    #[track_caller]
    fn refused(&self, (subject, more): (&str, &Value), words: &str) {
        let (mut browser, answer) = self.enter(subject, more);
        assert!([403, 409].contains(&answer.status), "{more} {}", answer.text());
        assert!(answer.text().contains(words), "{more}: {}", answer.text());
        assert_eq!(browser.account(), None, "{more}");
        assert!(browser.cookies.is_empty(), "{more}: {:?}", browser.cookies);
    }
}

fn member(group: &str) -> Value {
    json!({ "groups": [group] })
}
