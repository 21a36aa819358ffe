use std::io::{self, Read};

use proptest::prelude::*;

use super::*;

fn wrong(text: &str) -> (usize, Wrong) {
    let error = Stanza::parse(text).unwrap_err();
    (error.line, error.wrong)
}

#[test]
fn a_value_keeps_its_indentation_and_its_blanks() {
    let stanza = Stanza::parse("Package:a\nDescription: one\n  verbatim \n .\n\ttab\n").unwrap();
    assert_eq!(stanza.get("package").unwrap().raw(), "a");
    let description = stanza.get("DESCRIPTION").unwrap();
    assert_eq!(description.raw(), " one\n  verbatim \n .\n\ttab");
    assert_eq!(description.first_line(), "one");
    assert_eq!(
        description.continuation().collect::<Vec<_>>(),
        ["  verbatim ", " .", "\ttab"]
    );
    assert_eq!(
        description.lines().collect::<Vec<_>>(),
        ["one", "  verbatim ", " .", "\ttab"]
    );
}

#[test]
fn every_rule_has_an_error_that_names_the_line() {
    for (text, line, expected) in [
        ("", 1, Wrong::Empty),
        ("\n\n", 1, Wrong::Empty),
        ("A: b\nno colon\n", 2, Wrong::NoColon("no colon".into())),
        ("A: b\n\nB: c\n", 2, Wrong::Second),
        ("A: b\n\n\n \n", 2, Wrong::Second),
        ("A: b\n \t\nB: c\n", 2, Wrong::Blank),
        ("A: b\n \n", 2, Wrong::Blank),
        (" A: b\n", 1, Wrong::Continuation),
        ("\n A: b\n", 2, Wrong::Continuation),
        ("A: b\nB: c\na: d\n", 3, Wrong::Twice("a".into())),
        ("A: b\n# c: d\n", 2, Wrong::FieldName("# c".into())),
        ("A: b\n#c: d\n", 2, Wrong::FieldName("#c".into())),
        ("A : b\n", 1, Wrong::FieldName("A ".into())),
        (": b\n", 1, Wrong::FieldName(String::new())),
        ("-A: b\n", 1, Wrong::FieldName("-A".into())),
        ("Aé: b\n", 1, Wrong::FieldName("Aé".into())),
        ("\u{feff}A: b\n", 1, Wrong::FieldName("\\u{feff}A".into())),
        ("A: b\rc\n", 1, Wrong::Control('\r')),
        ("A: b\r\n", 1, Wrong::Control('\r')),
        ("A: b\nB: \0\n", 2, Wrong::Control('\0')),
        ("A: b\nB: c\n \u{b}\n", 3, Wrong::Control('\u{b}')),
        ("A: \u{7f}\n", 1, Wrong::Control('\u{7f}')),
    ] {
        assert_eq!(wrong(text), (line, expected), "{text:?}");
    }
}

#[test]
fn a_stanza_of_an_index_is_the_same_alone() {
    for text in [
        "A: 1\nB: \u{1}\0\n",
        "A: 1\r\nB: 2\r\n x\r\n",
        "A: 1\n \nB: 2\n",
        "\r\nA: 1\n\r\n",
    ] {
        let read: Vec<_> = StanzaReader::new(text).collect();
        assert_eq!(read, [Stanza::of_index(text)], "{text:?}");
    }
    let wrong = |text: &str| Stanza::of_index(text).unwrap_err();
    for (text, line, expected) in [
        ("A: b\n\nB: c\n", 2, Wrong::Second),
        ("A: b\na: c\n", 2, Wrong::Twice("a".into())),
        ("\r\n", 1, Wrong::Empty),
    ] {
        assert_eq!(
            (wrong(text).line, wrong(text).wrong),
            (line, expected),
            "{text:?}"
        );
    }
}

#[test]
fn a_field_is_found_twice_among_many() {
    let fields: String = (0..300).map(|at| format!("Field-{at}: x\n")).collect();
    assert!(Stanza::parse(&fields).is_ok());
    assert_eq!(
        wrong(&format!("{fields}FIELD-7: y\n")),
        (301, Wrong::Twice("FIELD-7".into()))
    );
}

#[test]
fn many_fields_and_many_lines_take_linear_time() {
    let fields: String = (0..100_000).map(|at| format!("F{at}:\n")).collect();
    assert_eq!(Stanza::parse(&fields).unwrap().fields().len(), 100_000);
    let lines = format!("A:\n{}", " x\n".repeat(1_000_000));
    assert_eq!(
        Stanza::parse(&lines)
            .unwrap()
            .get("A")
            .unwrap()
            .continuation()
            .count(),
        1_000_000
    );
    let errors = "bad\n\n".repeat(200_000);
    assert_eq!(
        StanzaReader::new(&errors).last().unwrap().unwrap_err().line,
        399_999
    );
}

#[test]
fn empty_lines_around_a_stanza_are_passed_over() {
    assert_eq!(Stanza::parse("\n\nA: b\n\n\n").unwrap().fields().len(), 1);
    assert_eq!(Stanza::parse("A: b").unwrap().line("A"), Some("b"));
}

#[test]
fn control_characters_above_ascii_are_text() {
    // `ß` encoded twice: packages carry such names.
    assert_eq!(
        Stanza::parse("A: Gro\u{c3}\u{9f}\n").unwrap().line("A"),
        Some("Gro\u{c3}\u{9f}")
    );
}

#[test]
fn an_index_is_read_stanza_by_stanza() {
    let text = "\nA: 1\nB:\n x\n\n\nA: 2\n \nC: 3\n\nbad\nA: b\n\nA: 4";
    let stanzas: Vec<_> = StanzaReader::new(text).collect();
    assert_eq!(stanzas.len(), 4);
    assert_eq!(stanzas[0].as_ref().unwrap().get("B").unwrap().raw(), "\n x");
    let second = stanzas[1].as_ref().unwrap();
    assert_eq!(
        (second.get("A").unwrap().raw(), second.line("C")),
        (" 2\n ", Some("3"))
    );
    assert_eq!(stanzas[2].as_ref().unwrap_err().line, 11);
    assert_eq!(stanzas[3].as_ref().unwrap().line("A"), Some("4"));
}

#[test]
fn lines_of_errors_are_counted_over_the_whole_index() {
    let text = "A: 1\n\nbad\n\n\nA: 2\nA: 3\n\n C: 1\n";
    let errors: Vec<_> = StanzaReader::new(text)
        .filter_map(Result::err)
        .map(|error| error.line)
        .collect();
    assert_eq!(errors, [3, 7, 9]);
}

#[test]
fn an_index_with_the_line_ends_of_another_system_is_read() {
    let text = "A: 1\r\nB: 2\r\n x\r\n\r\nA: 3\r\n\r\n";
    let stanzas: Vec<_> = StanzaReader::new(text).map(Result::unwrap).collect();
    assert_eq!(stanzas.len(), 2);
    assert_eq!(
        (stanzas[0].line("B"), stanzas[1].line("A")),
        (Some("2"), Some("3"))
    );
}

#[test]
fn the_texts_of_stanzas_have_their_first_lines() {
    let mut reader = StanzaReader::new("\nA: 1\nB: 2\n\n\nC: 3");
    assert_eq!(reader.next_text(), Some(("A: 1\nB: 2", 2)));
    assert_eq!(reader.next_text(), Some(("C: 3", 6)));
    assert_eq!(reader.next_text(), None);
}

/// Gives one byte at a time, as a slow network does.
struct Slowly<'a>(&'a [u8]);

impl Read for Slowly<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(1);
        self.0.read(&mut buffer[..count])
    }
}

fn texts(bytes: &[u8], most: usize) -> Vec<Result<(String, usize), String>> {
    StanzaTexts::new(io::BufReader::with_capacity(7, Slowly(bytes)), most)
        .map(|text| text.map_err(|error| error.to_string()))
        .collect()
}

#[test]
fn a_stanza_of_a_stream_has_a_bounded_size() {
    assert_eq!(
        texts(b"A: 12\n\nB: 3\n", 5),
        [Ok(("A: 12".into(), 1)), Ok(("B: 3".into(), 3))]
    );
    let error = || Err("the stanza at line 3 has more than 5 bytes".to_owned());
    assert_eq!(
        texts(b"A: 12\n\nB: 345\n\nC: 6\n", 5),
        [Ok(("A: 12".into(), 1)), error()]
    );
    assert_eq!(texts(b"A: 12\n\nB: 345", 5), [Ok(("A: 12".into(), 1)), error()]);
    assert_eq!(
        StanzaTexts::new(io::BufReader::new(io::repeat(b'a')), 1 << 20).count(),
        1
    );
}

#[test]
fn a_stream_that_is_no_text_is_an_error() {
    assert_eq!(
        texts(b"\n\nA: \xff\n", 9),
        [Err("the stanza at line 3 is not UTF-8".to_owned())]
    );
}

proptest! {
    #[test]
    fn what_was_read_is_written_again(
        fields in prop::collection::btree_map("[A-Z][A-Za-z0-9-]{0,8}", "[ -~äé]{0,20}(\n [!-~][ -~]{0,20}){0,3}", 1..8)
    ) {
        let text: String = fields.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        if let Ok(stanza) = Stanza::parse(&text) {
            let written: String =
                stanza.fields().iter().map(|field| format!("{}:{}\n", field.name(), field.raw())).collect();
            prop_assert_eq!(written, text);
        }
    }

    #[test]
    fn a_strict_stanza_is_the_same_in_an_index(text in "([A-D]:|[ \t\n]|[a-d.]){0,40}") {
        if let Ok(stanza) = Stanza::parse(&text) {
            let read: Vec<_> = StanzaReader::new(&text).collect();
            prop_assert_eq!(read, [Ok(stanza)]);
        }
    }

    #[test]
    fn a_stream_has_the_stanzas_of_the_whole(text in "([A-D]: x|[ \r\n]){0,40}") {
        let mut whole = StanzaReader::new(&text);
        let expected: Vec<_> = std::iter::from_fn(|| whole.next_text())
            .map(|(text, line)| Ok((text.to_owned(), line)))
            .collect();
        prop_assert_eq!(texts(text.as_bytes(), 1000), expected);
        prop_assert_eq!(StanzaReader::new(&text).count(), texts(text.as_bytes(), 1000).len());
    }

    #[test]
    fn any_text_is_read_or_refused(text in "([A-Z]:|[ \t\n]|\\PC){0,60}") {
        let _ = Stanza::parse(&text);
        for stanza in StanzaReader::new(&text) {
            let _ = stanza;
        }
    }
}
