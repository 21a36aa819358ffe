//! A line of a sources.list in place of an address.

use debian_control::terminal::escaped;

use super::add_args::AddArgs;
use crate::cli::failure::{Failure, USAGE};

/// Reads a line of a sources.list that was pasted for the address, and a folder for its `file:` address.
///
/// Source: sources.list(5), "THE DEB AND DEB-SRC TYPES: GENERAL FORMAT".
pub(super) fn unpasted(mut args: AddArgs) -> Result<(String, AddArgs), Failure> {
    let text = args.address.join(" ").trim().to_owned();
    let Some(line) = text
        .strip_prefix("deb")
        .filter(|rest| rest.starts_with([' ', '\t']))
    else {
        let path = std::path::Path::new(&text);
        if !text.contains(':') && path.is_dir() {
            let path = std::path::absolute(path).map_err(|error| Failure::new(USAGE, error))?;
            return Ok((format!("file:{}", path.display()), args));
        }
        return Ok((text, args));
    };
    let wrong = |what: &str| {
        Failure::saying(
            USAGE,
            format_args!("`{}` is no line of a sources.list: {what}", escaped(&text)),
        )
        .hint("expected `deb [OPTION=VALUE ...] URL SUITE COMPONENT ...`")
    };
    let mut rest = line.trim();
    if let Some(options) = rest.strip_prefix('[') {
        let (options, after) = options
            .split_once(']')
            .ok_or_else(|| wrong("its `[` has no `]`"))?;
        for option in options.split_whitespace() {
            let (key, value) = option
                .split_once('=')
                .ok_or_else(|| wrong("an option has no `=`"))?;
            match key {
                "signed-by" if args.signed_by.is_none() && value.starts_with('/') => {
                    args.signed_by = Some(value.into());
                }
                "signed-by" if args.fingerprint.is_none() && args.signed_by.is_none() => {
                    args.fingerprint = Some(
                        value
                            .parse()
                            .map_err(|_| wrong("`signed-by` is no file and no fingerprint"))?,
                    );
                }
                "arch" => args.architecture.extend(value.split(',').map(str::to_owned)),
                "check-valid-until" => args.no_check_valid_until = value == "no",
                // Trust without a signature is not to be had.
                "trusted" if value == "yes" => {
                    return Err(wrong("`trusted=yes` is not taken: name the key by `signed-by`"));
                }
                _ => {}
            }
        }
        rest = after.trim();
    }
    let mut words = rest.split_whitespace().map(str::to_owned);
    let url = words.next().ok_or_else(|| wrong("it has no address"))?;
    args.suite.extend(words.next());
    args.component.extend(words);
    if args.suite.is_empty() {
        return Err(wrong("it has no suite"));
    }
    Ok((url, args))
}
