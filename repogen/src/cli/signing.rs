//! The signer that the configuration names.

use debian_archive::config::Signing;
use debian_archive::sign::{self, KeyNoticeKind, Signer, key_notices};

use super::context::Context;
use super::exit::Failure;
use super::system_clock::now;

/// How many days before its expiry a key is warned about.
const NOTICE_DAYS: i64 = 30;

/// Opens the signer, and warns about keys that expire soon.
pub(super) fn open(signing: &Signing, context: &mut Context) -> Result<Box<dyn Signer>, Failure> {
    let signer = sign::open(signing, &context.root, now())?;
    for notice in key_notices(signer.keyring(), now(), NOTICE_DAYS) {
        let message = match notice.kind {
            KeyNoticeKind::EndsIn { days } => format!("ends in {days} days"),
            KeyNoticeKind::Unusable(problem) => format!("no longer signs: {problem}"),
            KeyNoticeKind::Ending(algorithm) => {
                format!("is `{algorithm}`, which apt warns about from 2029 and refuses from 2030")
            }
        };
        context
            .printer
            .info(format_args!("warning: key {} {message}", notice.fingerprint));
        context
            .printer
            .info("hint: `repogen key rotate` introduces a new key without breaking clients");
    }
    Ok(signer)
}
