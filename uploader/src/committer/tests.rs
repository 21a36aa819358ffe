use archive_catalog::Selection;
use archive_catalog::accounts::AccountChange;
use archive_catalog::audit::{Actor, AuditEvent};

use super::*;
use crate::problem::Code;
use crate::temporary_archive::TemporaryArchive;

/// An upload that waits to be committed, and where its answer comes.
fn waiting(
    from: &TemporaryArchive,
    package: &str,
    caller: &Caller,
) -> (QueuedSet, oneshot::Receiver<CommitAnswer>) {
    let (answer, answered) = oneshot::channel();
    let waiting = QueuedSet {
        ready: UploadSet {
            set: vec![from.stage(package)],
            suite: "stable".parse().unwrap(),
            component: "main".parse().unwrap(),
            caller: caller.clone(),
        },
        answer: ReplyChannel {
            answer,
            span: Span::none(),
        },
    };
    (waiting, answered)
}

fn code(answered: oneshot::Receiver<CommitAnswer>) -> Result<Vec<PlacementOutcome>, Code> {
    answered.blocking_recv().unwrap().map_err(|problem| problem.code)
}

fn names(archive: &Archive) -> Vec<String> {
    let listed = archive.catalog().list(&Selection::default()).unwrap();
    listed
        .iter()
        .map(|entry| entry.content.name.to_string())
        .collect()
}

#[test]
fn a_token_that_is_revoked_between_the_check_and_the_transaction_places_nothing() {
    let from = TemporaryArchive::new();
    let (jane, june) = (from.maintainer("jane"), from.maintainer("june"));
    let (revoked, of_jane) = waiting(&from, "hello", &jane);
    let (other, of_june) = waiting(&from, "world", &june);
    let checked = check_all(&from.archive, vec![revoked, other]);
    assert_eq!(checked.len(), 2);
    from.revoke("jane");
    place_all(&from.archive, checked);
    assert_eq!(code(of_jane), Err(Code::InvalidToken));
    assert_eq!(code(of_june), Ok(vec![PlacementOutcome::Added]));
    assert_eq!(names(&from.archive), ["world"]);
}

#[test]
fn what_changes_nothing_about_the_rights_only_has_them_checked_again() {
    let from = TemporaryArchive::new();
    let jane = from.maintainer("jane");
    let (upload, answered) = waiting(&from, "hello", &jane);
    let checked = check_all(&from.archive, vec![upload]);
    let change = AccountChange {
        email: Some("jane@example.org".parse().unwrap()),
        ..AccountChange::default()
    };
    let event = AuditEvent {
        at: now(),
        actor: Actor::default(),
        action: "user.change",
        subject: String::new(),
        detail: "{}".into(),
    };
    let id = jane.account().unwrap().id.clone();
    from.archive
        .accounts()
        .change_account(&id, &change, &event)
        .unwrap();
    place_all(&from.archive, checked);
    assert_eq!(code(answered), Ok(vec![PlacementOutcome::Added]));
}

#[test]
fn a_set_that_the_catalog_does_not_answer_for_is_no_success() {
    let from = TemporaryArchive::new();
    let jane = from.maintainer("jane");
    let (first, answered) = waiting(&from, "hello", &jane);
    let (second, unanswered) = waiting(&from, "world", &jane);
    let checked = check_all(&from.archive, vec![first, second]);
    answer_all(&from.archive, checked, vec![Ok(vec![PlacementOutcome::Added])]);
    assert_eq!(code(answered), Ok(vec![PlacementOutcome::Added]));
    assert_eq!(code(unanswered), Err(Code::Internal));
}

#[test]
fn what_prune_deleted_of_an_upload_is_put_anew_and_who_brings_what_it_is_deleting_comes_again() {
    let from = TemporaryArchive::new();
    let jane = from.maintainer("jane");
    let path = "pool/main/h/hello/hello_1.0_all.deb".to_owned();
    let upload = || {
        let (upload, answered) = waiting(&from, "hello", &jane);
        place_all(&from.archive, check_all(&from.archive, vec![upload]));
        code(answered)
    };
    // Another machine found it without a row.
    let condemned = from.archive.catalog().condemn(std::slice::from_ref(&path));
    let condemned = condemned.unwrap();
    assert_eq!(upload(), Err(Code::Unavailable));
    from.archive.files().delete(&path).unwrap();
    from.archive.catalog().condemned_deleted(&condemned).unwrap();
    assert_eq!(upload(), Ok(vec![PlacementOutcome::Added]));
    assert!(from.archive.files().head(&path).unwrap().is_some());
}

#[test]
fn what_is_logged_of_a_refusal_belongs_to_the_request() {
    let logged = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || LogSink(sink.clone()))
        .finish();
    tracing::subscriber::with_default(subscriber, || {
        let from = TemporaryArchive::new();
        let jane = from.maintainer("jane");
        let (mut upload, answered) = waiting(&from, "hello", &jane);
        upload.answer.span = tracing::info_span!("request", request_id = "request-7");
        // The catalog does not answer for it.
        let checked = check_all(&from.archive, vec![upload]);
        answer_all(&from.archive, checked, Vec::new());
        assert_eq!(code(answered), Err(Code::Internal));
    });
    let logged = String::from_utf8(logged.lock().unwrap().clone()).unwrap();
    let line = logged
        .lines()
        .find(|line| line.contains("gave no answer"))
        .unwrap();
    assert!(line.contains("request-7"), "{line}");
}

/// Keeps what is logged.
struct LogSink(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for LogSink {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
