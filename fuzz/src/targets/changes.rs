//! `.changes` files: what an upload queue believes of a set of files.

use debian_control::changes::Changes;

use super::index::WORDS;
use crate::target::{FuzzTarget, ParserVerdict, must};

/// A `.changes` file without a signature.
pub(super) struct ChangesTarget;

const CHANGES: &str = "Format: 1.8
Source: hello (1.0)
Binary: hello
Architecture: all
Version: 1.0+b1
Distribution: unstable
Changes:
 hello (1.0) unstable; urgency=low
 .
   * New.
Checksums-Sha256:
 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 5 hello_1.0_all.deb
 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824 7 hello_1.0_amd64.buildinfo
Files:
 00000000000000000000000000000000 5 misc optional hello_1.0_all.deb
 00000000000000000000000000000000 7 misc optional hello_1.0_amd64.buildinfo
";

impl FuzzTarget for ChangesTarget {
    fn name(&self) -> &'static str {
        "changes"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        vec![CHANGES.as_bytes().to_vec()]
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(changes) = Changes::parse(input) else {
            return Ok(ParserVerdict::Refused);
        };
        must(!changes.files.is_empty(), || "it lists no file".to_owned())?;
        for (at, file) in changes.files.iter().enumerate() {
            let name = file.name.as_str();
            // Names become paths of the queue.
            must(
                !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\0', '\n']),
                || format!("`{name}` can leave its folder"),
            )?;
            must(
                input
                    .windows(name.len())
                    .filter(|found| *found == name.as_bytes())
                    .count()
                    >= 2,
                || format!("`{name}` is not in both lists"),
            )?;
            let others = changes.files.iter().skip(at + 1);
            must(others.into_iter().all(|other| other.name != file.name), || {
                format!("`{name}` is listed twice")
            })?;
        }
        Ok(ParserVerdict::Accepted)
    }
}
