//! Files of `control.tar` that dpkg reads line by line.

use debian_deb::{conffiles, triggers};

use crate::target::{FuzzTarget, ParserVerdict, must};

/// `conffiles`.
pub(super) struct ConffilesTarget;

/// `triggers`.
pub(super) struct TriggersTarget;

const CONFFILES: &[&str] = &[
    "/etc/hello.conf\n",
    "/etc/with a blank\n",
    "remove-on-upgrade /etc/old.conf\n",
    "/etc/trailing  \t\n",
    "\n",
];

const TRIGGERS: &[&str] = &[
    "interest /usr/share/hello\n",
    "interest-noawait hello-cache\n",
    "activate-await ldconfig\n",
    "# why it is so\n",
    "  activate\tother \n",
    "\n",
];

/// Text that has a meaning in one of the two.
const WORDS: &[&[u8]] = &[
    b"remove-on-upgrade ",
    b"interest ",
    b"activate-noawait ",
    b"#",
    b"/",
    b"//",
    b"\n",
    b"\r\n",
    b"\t",
    b"\0",
    b"\xff",
];

impl FuzzTarget for ConffilesTarget {
    fn name(&self) -> &'static str {
        "conffiles"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        CONFFILES.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let Ok(files) = conffiles::parse(input) else {
            return Ok(ParserVerdict::Refused);
        };
        let mut written = Vec::new();
        for file in &files {
            must(file.path.starts_with(b"/"), || {
                format!("`{}` is no absolute path", file.path.escape_ascii())
            })?;
            if file.remove_on_upgrade {
                written.extend_from_slice(b"remove-on-upgrade ");
            }
            written.extend_from_slice(&file.path);
            written.push(b'\n');
        }
        let again =
            conffiles::parse(&written).map_err(|error| format!("what it says is refused: {error}"))?;
        must(again == files, || {
            "the files change when written and read again".to_owned()
        })?;
        Ok(ParserVerdict::Accepted)
    }
}

impl FuzzTarget for TriggersTarget {
    fn name(&self) -> &'static str {
        "triggers"
    }

    fn seeds(&self) -> Vec<Vec<u8>> {
        TRIGGERS.iter().map(|text| text.as_bytes().to_vec()).collect()
    }

    fn words(&self) -> &'static [&'static [u8]] {
        WORDS
    }

    fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
        let taken = triggers::check(input).is_ok();
        let each = input
            .split_inclusive(|&byte| byte == b'\n')
            .all(|line| triggers::check(line).is_ok());
        must(taken == each, || "a line is judged by those around it".to_owned())?;
        if !taken {
            return Ok(ParserVerdict::Refused);
        }
        must(input.last().is_none_or(|&last| last == b'\n'), || {
            "a last line without a line break is taken".to_owned()
        })?;
        must(!input.contains(&0), || "a NUL is taken".to_owned())?;
        Ok(ParserVerdict::Accepted)
    }
}
