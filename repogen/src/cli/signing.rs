//! The signer that the configuration names.

use debian_archive::config::Signing;
use debian_archive::sign::{self, KeyNoticeKind, Signer, key_notices};

use super::context::Context;
use super::exit::Failure;
use super::system_clock::now;

/// How long before a key ends it is spoken of, in days.
const NOTICE_DAYS: i64 = 30;

/// Opens the signer, and tells of keys that are about to end.
pub(super) fn open(signing: &Signing, context: &mut Context) -> Result<Box<dyn Signer>, Failure> {
    let signer = sign::open(signing, &context.root, now())?;
    for notice in key_notices(signer.keyring(), now(), NOTICE_DAYS) {
        let message = match notice.kind {
            KeyNoticeKind::EndsIn { days } => format!("ends in {days} days"),
            KeyNoticeKind::Unusable(problem) => format!("no longer signs: {problem}"),
            KeyNoticeKind::Ending(algorithm) => {
                format!("is `{algorithm}`, which apt warns of from 2029 on and refuses from 2030 on")
            }
        };
        context
            .printer
            .tell(format_args!("warning: key {} {message}", notice.fingerprint));
        context
            .printer
            .tell("hint: `repogen key rotate` brings a new key in without breaking clients");
    }
    Ok(signer)
}
