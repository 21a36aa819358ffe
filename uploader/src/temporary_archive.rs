//! An archive in a folder of its own, for tests.

use archive_catalog::SqlCatalog;
use archive_catalog::accounts::{Account, ApiToken, Id, NewAccount, Role, Suites};
use archive_catalog::audit::{Actor, AuditEvent};
use archive_storage::staging::Staging;
use debian_archive::archive::Archive;
use debian_archive::ingest::{StagedPackage, SuiteComponent, UploadContext};
use debian_archive::location::ArchiveLocation;
use debian_control::digest;
use debian_deb::build::DebBuilder;

use crate::caller::Caller;
use crate::clock::now;
use crate::credential::{ParsedCredential, PresentedCredential};
use crate::origin::{RequestOrigin, Traffic};

/// An archive with a suite `stable`, gone when dropped.
pub(crate) struct TemporaryArchive {
    pub(crate) archive: Archive,
    staging: Staging,
    _folder: tempfile::TempDir,
}

impl TemporaryArchive {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = "[[suite]]\ncodename = \"stable\"\n";
        std::fs::write(folder.path().join("repogen.toml"), config).unwrap();
        let location = ArchiveLocation::folder(folder.path());
        SqlCatalog::create(&location.catalog).unwrap();
        Self {
            archive: Archive::open(&location).unwrap(),
            staging: Staging::new(folder.path()).unwrap(),
            _folder: folder,
        }
    }

    /// Makes a maintainer with a token for all uploads, and returns them as who asks.
    pub(crate) fn maintainer(&self, name: &str) -> Caller {
        let account = Account {
            id: name.parse().unwrap(),
            username: name.parse().unwrap(),
            email: None,
            role: Role::Maintainer,
            suites: Suites::All,
            disabled: false,
            epoch: 0,
            created_at: now(),
        };
        let token = ApiToken {
            id: token_id(name),
            account: account.id.clone(),
            name: "ci".into(),
            scopes: vec!["upload:*/*".into()],
            created_at: now(),
            expires_at: None,
            last_used_at: None,
        };
        let new = NewAccount {
            account,
            password: None,
        };
        let accounts = self.archive.accounts();
        accounts.create_account(&new, &event("user.create")).unwrap();
        let hash = digest::sha256(name.as_bytes());
        accounts
            .create_token(&token, &hash, &event("token.create"))
            .unwrap();
        let presented = PresentedCredential {
            credential: ParsedCredential::Token(hash),
            origin: RequestOrigin::new(None, "request".into(), Traffic::Free),
        };
        Caller::anonymous(&presented).again(&self.archive).unwrap()
    }

    /// Deletes the token of a maintainer.
    pub(crate) fn revoke(&self, name: &str) {
        let accounts = self.archive.accounts();
        let account: Id = name.parse().unwrap();
        assert!(
            accounts
                .delete_token(&account, &token_id(name), &event("token.delete"))
                .unwrap()
        );
    }

    /// Stages a package as an upload is staged.
    pub(crate) fn stage(&self, name: &str) -> StagedPackage {
        let deb = DebBuilder::new(name, "1.0", "all").build();
        let suite = self.archive.config().suite("stable").unwrap();
        let place = SuiteComponent {
            suite,
            component: suite.default_component(),
        };
        self.archive
            .stage(&self.staging, deb.as_slice(), &place, &UploadContext::default())
            .unwrap()
    }
}

fn token_id(name: &str) -> Id {
    format!("token-of-{name}").parse().unwrap()
}

fn event(action: &'static str) -> AuditEvent {
    AuditEvent {
        at: now(),
        actor: Actor::default(),
        action,
        subject: String::new(),
        detail: "{}".into(),
    }
}
