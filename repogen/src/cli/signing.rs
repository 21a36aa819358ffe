//! The signer that the configuration names.

use debian_archive::config::Signing;
use debian_archive::doctor::KEY_NOTICE_DAYS;
use debian_archive::sign::{self, Signer, key_notices};

use super::context::Context;
use super::exit::Failure;
use super::system_clock::now;

/// Opens the signer, and warns about keys that expire soon.
pub(super) fn open(signing: &Signing, context: &mut Context) -> Result<Box<dyn Signer>, Failure> {
    let signer = sign::open(signing, &context.root, now())?;
    for notice in key_notices(signer.keyring(), now(), KEY_NOTICE_DAYS) {
        context.printer.info(format_args!(
            "warning: key {} {}",
            notice.fingerprint, notice.kind
        ));
        context.printer.info(format_args!("hint: {}", notice.kind.hint()));
    }
    Ok(signer)
}
