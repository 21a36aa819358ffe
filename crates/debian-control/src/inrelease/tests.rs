use proptest::prelude::*;

use super::*;

const ARMOUR: &str = "-----BEGIN PGP SIGNATURE-----\n\niHUEARYKAB0=\n=abcd\n-----END PGP SIGNATURE-----";

/// Wraps lines, already escaped, into a message.
fn message(text: &str) -> String {
    format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}\n{ARMOUR}\n")
}

fn fault(text: &str) -> (usize, EnvelopeFault) {
    let error = split(text.as_bytes()).unwrap_err();
    (error.line, error.wrong)
}

#[test]
fn the_text_and_the_armour_are_taken_apart() {
    let message = message("Origin: Example\nSuite: stable");
    let envelope = split(message.as_bytes()).unwrap();
    assert_eq!(envelope.text, "Origin: Example\nSuite: stable\n");
    assert_eq!(envelope.canonical(), b"Origin: Example\r\nSuite: stable");
    assert_eq!(envelope.signature, ARMOUR);
}

#[test]
fn dash_escapes_are_undone_once() {
    let message = message("- -----BEGIN PGP SIGNATURE-----\n- - a\n- From b\n -c");
    assert_eq!(
        split(message.as_bytes()).unwrap().text,
        "-----BEGIN PGP SIGNATURE-----\n- a\nFrom b\n -c\n"
    );
}

#[test]
fn blanks_at_line_ends_are_not_part_of_the_text() {
    let message = message("A: b \t\n c\t\n-  ");
    let envelope = split(message.as_bytes()).unwrap();
    assert_eq!(envelope.text, "A: b\n c\n\n");
    assert_eq!(envelope.canonical(), b"A: b\r\n c\r\n");
}

#[test]
fn line_ends_of_mail_make_the_same_text() {
    let plain = message("A: b\nC: d");
    let mailed = plain.replace('\n', "\r\n");
    assert_eq!(
        split(mailed.as_bytes()).unwrap().text,
        split(plain.as_bytes()).unwrap().text
    );
}

#[test]
fn the_last_line_may_lack_its_end() {
    assert!(split(message("A: b").trim_end().as_bytes()).is_ok());
}

#[test]
fn nothing_stands_before_or_after_the_message() {
    let good = message("A: b");
    assert!(matches!(
        fault(&format!("\n{good}")),
        (1, EnvelopeFault::NoMessage(_))
    ));
    assert!(matches!(
        fault(&format!("Origin: Evil\n{good}")),
        (1, EnvelopeFault::NoMessage(_))
    ));
    assert!(matches!(
        fault(&format!(" {good}")),
        (1, EnvelopeFault::NoMessage(_))
    ));
    assert!(matches!(
        fault(&format!("\u{feff}{good}")),
        (1, EnvelopeFault::NoMessage(_))
    ));
    for after in ["\n", " ", "Origin: Evil\n", &good, "\r\n"] {
        assert!(
            matches!(fault(&format!("{good}{after}")), (10, EnvelopeFault::After(_))),
            "{after:?}"
        );
    }
    let longer = good.trim_end().to_owned();
    assert!(matches!(
        fault(&format!("{longer}-")),
        (9, EnvelopeFault::Signature(_))
    ));
}

#[test]
fn only_hash_headers_stand_before_the_text() {
    let with = |headers: &str| message("A: b").replacen("Hash: SHA512\n", headers, 1);
    for good in [
        "",
        "Hash: SHA256\nHash: SHA512\n",
        "Hash: SHA256, SHA512\n",
        "Hash: SHA256,SHA3-256\n",
    ] {
        assert!(split(with(good).as_bytes()).is_ok(), "{good:?}");
    }
    for bad in [
        "Origin: Evil\n",
        "hash: SHA512\n",
        "Hash:\n",
        "Hash: a b\n",
        " \n",
        "\t\n",
        "Hash: SHA512,\n",
        "NotDashEscaped: x\n",
    ] {
        assert!(
            matches!(fault(&with(bad)), (2, EnvelopeFault::Header(_))),
            "{bad:?}"
        );
    }
}

#[test]
fn a_dash_that_is_not_escaped_is_refused() {
    for line in [
        "-a",
        "-",
        "-----BEGIN PGP SIGNED MESSAGE-----",
        "-----BEGIN PGP SIGNATURE----- ",
        "-\tb",
    ] {
        assert!(
            matches!(
                fault(&message(&format!("A: b\n{line}"))),
                (5, EnvelopeFault::Dash(_))
            ),
            "{line:?}"
        );
    }
}

#[test]
fn a_second_signature_block_is_refused() {
    let inside = message("A: b").replacen("\n=abcd", "\n-----BEGIN PGP SIGNATURE-----", 1);
    assert!(matches!(fault(&inside), (8, EnvelopeFault::Signature(_))));
    let after = format!("{}{ARMOUR}\n", message("A: b"));
    assert!(matches!(fault(&after), (10, EnvelopeFault::After(_))));
}

#[test]
fn a_message_without_text_is_refused() {
    let empty = message("A: b").replacen("A: b\n", "", 1);
    assert_eq!(fault(&empty), (4, EnvelopeFault::NoText));
}

#[test]
fn a_file_that_ends_early_is_refused_at_every_line() {
    let whole = message("A: b");
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    for count in 0..lines.len() {
        assert!(
            matches!(fault(&lines[..count].concat()).1, EnvelopeFault::Ended(_)),
            "{count} lines"
        );
    }
}

#[test]
fn control_characters_are_refused() {
    assert_eq!(
        fault(&message("A: b\rSuite: evil")),
        (4, EnvelopeFault::Control('\r'))
    );
    assert_eq!(fault(&message("A: b\r\r")), (4, EnvelopeFault::Control('\r')));
    assert_eq!(fault(&message("A: \0")), (4, EnvelopeFault::Control('\0')));
}

/// apt reads it: the name of a vendor may be in Latin-1.
#[test]
fn what_is_not_utf_8_is_text_that_was_signed_and_nothing_else() {
    let latin = |text: &str| -> Vec<u8> {
        text.chars()
            .map(|letter| u8::try_from(u32::from(letter)).unwrap())
            .collect()
    };
    let signed = latin(&message("Label: M\u{fc}ller\nSuite: stable"));
    let envelope = split(&signed).unwrap();
    assert_eq!(envelope.text, "Label: M\u{fffd}ller\nSuite: stable\n");
    assert_eq!(envelope.canonical(), latin("Label: M\u{fc}ller\r\nSuite: stable"));
    assert_eq!(envelope.signature, ARMOUR);
    let good = message("A: b");
    for (bad, line) in [
        (good.replace("SHA512", "SHA\u{fc}"), 2),
        (good.replace("=abcd", "=\u{fc}bcd"), 8),
        (format!("{good}\u{fc}"), 10),
    ] {
        assert_eq!(split(&latin(&bad)).unwrap_err().line, line, "{bad:?}");
    }
}

#[test]
fn a_text_that_clear_signing_would_change_is_unfit() {
    for (text, line) in [
        ("", 1),
        ("\n", 1),
        ("A: b", 1),
        ("A: b\nC: d", 2),
        ("A: b\n\n", 2),
        ("A: b\nC: d \n", 2),
        ("A: b\t\nC: d\n", 1),
        ("A: b\r\n", 1),
        ("A: b\0c\n", 1),
    ] {
        assert_eq!(check_fit(text).unwrap_err().line, line, "{text:?}");
    }
    for text in ["A: b\n", "A: b\n\nC: d\n", "-dash\n", " x\n", "SHA256:\n abc\n"] {
        assert_eq!(check_fit(text), Ok(()), "{text:?}");
    }
}

#[test]
fn a_long_message_takes_linear_time() {
    let message = message(&"- -\n".repeat(500_000));
    assert_eq!(split(message.as_bytes()).unwrap().text.len(), 2 * 500_000 + 1);
}

proptest! {
    #[test]
    fn what_is_fit_comes_back_from_the_message(text in "([- A-C\t]{0,4}\n){1,6}") {
        if check_fit(&text).is_ok() {
            let escaped: String = text
                .split_inclusive('\n')
                .map(|line| if line.starts_with('-') { format!("- {line}") } else { line.to_owned() })
                .collect();
            let message = message(escaped.trim_end_matches('\n'));
            prop_assert_eq!(split(message.as_bytes()).unwrap().text, text);
        }
    }

    #[test]
    fn no_change_adds_text_that_is_not_covered(at in 0_usize..230, inserted in "[-\n A:]{1,3}") {
        let whole = message("A: b\n\nC: d");
        let at = at.min(whole.len());
        let (before, after) = whole.split_at(at);
        let changed = format!("{before}{inserted}{after}");
        // Where it is still a message, every line is framing or a line of the text.
        if let Ok(envelope) = split(changed.as_bytes()) {
            let headers = changed.split('\n').take_while(|line| !line.is_empty()).count() + 1;
            let inside = envelope.text.matches('\n').count();
            let armour = envelope.signature.split('\n').count();
            prop_assert_eq!(changed.trim_end().split('\n').count(), headers + inside + armour);
            prop_assert!(changed.trim_end().ends_with(envelope.signature));
        }
    }

    #[test]
    fn any_bytes_are_split_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = split(&bytes);
    }
}
