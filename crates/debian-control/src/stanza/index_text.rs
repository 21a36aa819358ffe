//! The text of an index that others made.

/// Takes the bytes of an index as text. A byte that is no UTF-8, which indexes of old packages have in the names of maintainers,
/// becomes a question mark: every other byte stays where it was.
pub fn index_text(bytes: Vec<u8>) -> String {
    let mut bytes = bytes;
    let mut from = 0;
    loop {
        let rest = bytes.get(from..).unwrap_or_default();
        let Err(error) = std::str::from_utf8(rest) else {
            break;
        };
        let start = from + error.valid_up_to();
        from = error.error_len().map_or(bytes.len(), |length| start + length);
        if let Some(wrong) = bytes.get_mut(start..from) {
            wrong.fill(b'?');
        }
    }
    String::from_utf8(bytes).expect("what was wrong is question marks now")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_becomes_question_marks_and_nothing_moves() {
        for (bytes, text) in [
            (&b"plain \xc3\xa4"[..], "plain \u{e4}"),
            (b"Jos\xe9 <x>", "Jos? <x>"),
            (b"\xff\xfe\xff", "???"),
            (b"cut \xe2\x82", "cut ??"),
            (b"", ""),
        ] {
            assert_eq!(index_text(bytes.to_vec()), text);
        }
    }
}
