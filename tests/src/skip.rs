//! What a machine may not allow, and tests that need it.

/// Skips the calling test, which needs what this machine does not allow: the test returns next.
///
/// # Panics
///
/// Unless `ALLOW_SKIPPED_TESTS=1` permits it, since a test that is skipped in silence looks like one that passed.
#[track_caller]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub fn skip(missing: &str) {
    let allowed = std::env::var("ALLOW_SKIPPED_TESTS").is_ok_and(|value| value == "1");
    assert!(
        allowed,
        "this machine does not allow {missing}: allow it, or set ALLOW_SKIPPED_TESTS=1 to skip what needs it"
    );
    eprintln!("skipped: this machine does not allow {missing}");
}
