use crate::digest::md5;
use proptest::prelude::*;

use super::*;
use crate::limits::Limits;

const CONTROL: &str = "Package: hello\nSECTION: misc\nVersion: 1\nArchitecture: all\nDescription: short\n long\n .\n  verbatim\nX-Other:  kept \n";

fn render(control: &str, placement: &Placement<'_>) -> String {
    super::render(control, placement).unwrap()
}

#[test]
fn a_damaged_stanza_is_an_error_where_something_stands_in_place_of_its_fields() {
    let damaged = "Package: hello\nno field\n";
    let overridden = Placement {
        section: Some("admin"),
        ..placement()
    };
    assert!(super::render(damaged, &overridden).is_err());
}

fn placement() -> Placement<'static> {
    Placement {
        filename: "pool/main/h/hello/hello_1_all.deb",
        size: 7,
        md5: None,
        sha256: Some(Sha256::from_bytes([0xab; 32])),
        section: None,
        priority: None,
        description: DescriptionForm::Full,
    }
}

#[test]
fn multi_arch_is_in_the_letters_that_apt_reads() {
    let control = CONTROL.replace("X-Other:", "Multi-arch: Same\nX-Other:");
    let text = render(&control, &placement());
    assert!(text.starts_with(&control.replace("Same", "same")), "{text}");
}

#[test]
fn a_stanza_goes_out_as_it_came_in() {
    let text = render(CONTROL, &placement());
    let added = format!(
        "Filename: pool/main/h/hello/hello_1_all.deb\nSize: 7\nSHA256: {}\n",
        "ab".repeat(32)
    );
    assert_eq!(text, format!("{CONTROL}{added}"));
    let stanza = Stanza::parse(&text).unwrap();
    let entry = IndexEntry::from_stanza(&stanza).unwrap();
    assert_eq!((entry.name.as_str(), entry.size), ("hello", 7));
}

#[test]
fn overrides_stand_in_the_place_of_the_packages_own() {
    let text = render(
        CONTROL,
        &Placement {
            section: Some("web"),
            priority: Some("extra"),
            ..placement()
        },
    );
    assert!(
        text.contains("\nSECTION: web\n") && !text.contains("misc"),
        "{text}"
    );
    assert!(
        text.contains("\nX-Other:  kept \nPriority: extra\nFilename:"),
        "{text}"
    );
}

#[test]
fn a_translation_holds_what_the_synopsis_leaves_out() {
    let package = BinaryPackage::parse(CONTROL.as_bytes(), &Limits::default()).unwrap();
    let short = render(
        CONTROL,
        &Placement {
            description: DescriptionForm::Synopsis,
            ..placement()
        },
    );
    let digest = package.description_md5().unwrap();
    assert!(
        short.contains(&format!(
            "\nDescription: short\nDescription-md5: {digest}\nX-Other:"
        )),
        "{short}"
    );
    let entry = translation_entry(&package).unwrap();
    assert_eq!(
        entry,
        format!("Package: hello\nDescription-md5: {digest}\nDescription-en: short\n long\n .\n  verbatim\n")
    );
    assert_eq!(digest, md5(b"short\n long\n .\n  verbatim\n"));
}

#[test]
fn a_value_of_the_placement_never_makes_a_field() {
    let hostile = Placement {
        filename: "a.deb\nSHA256: evil",
        section: Some("web\r\n\nPackage: evil"),
        ..placement()
    };
    let text = render(CONTROL, &hostile);
    let stanza = Stanza::parse(&text).unwrap();
    assert_eq!(stanza.line("Filename"), Some("a.deb SHA256: evil"));
    assert_eq!(stanza.line("Section"), Some("web   Package: evil"));
}

#[test]
fn a_description_may_begin_on_the_second_line() {
    let control = "Package: hello\nDescription:\n short \n long\nX-A: b\n";
    let translation = TranslationStanza::of_control(control).unwrap();
    assert_eq!(translation.md5, md5(b"short \n long\n"));
    assert!(translation.text.ends_with("\nDescription-en: short \n long\n"));
    let synopsis = Placement {
        description: DescriptionForm::Synopsis,
        ..placement()
    };
    assert!(render(control, &synopsis).contains("\nDescription: short\nDescription-md5: "));
}

#[test]
fn no_description_has_no_digest() {
    let control = "Package: hello\nDescription:\nX-A: b\n";
    assert_eq!(TranslationStanza::of_control(control), None);
    let synopsis = Placement {
        description: DescriptionForm::Synopsis,
        ..placement()
    };
    assert!(!render(control, &synopsis).contains("md5"));
}

#[test]
fn an_entry_needs_its_fields() {
    let whole = render(CONTROL, &placement());
    for (field, message) in [
        ("Package", "field `Package` is missing"),
        ("Filename", "field `Filename` is missing"),
        ("SHA256", "field `SHA256` is missing"),
    ] {
        let without = whole.replace(&format!("{field}: "), "X-Was: ");
        let stanza = Stanza::parse(&without).unwrap();
        assert_eq!(IndexEntry::from_stanza(&stanza).unwrap_err().to_string(), message);
    }
    let huge = whole.replace("Size: 7", "Size: 99999999999999999999");
    let error = IndexEntry::from_stanza(&Stanza::parse(&huge).unwrap())
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("field `Size`: "), "{error}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        values in prop::collection::vec("[!-~][ -~]{0,12}(\n [!-~][ -~]{0,9}){0,2}", 1..5),
        section in prop::option::of("[a-z]{1,5}"),
        own_section in prop::option::of("[a-z]{1,5}"),
    ) {
        let mut control = String::from("Package: hello\nVersion: 1\nArchitecture: all\n");
        if let Some(section) = &own_section {
            push_line(&mut control, "Section", section);
        }
        for (at, value) in values.iter().enumerate() {
            push_field(&mut control, &format!("X-{at}"), value);
        }
        let placement = Placement { section: section.as_deref(), ..placement() };
        let text = render(&control, &placement);
        let (before, after) = (Stanza::parse(&control).unwrap(), Stanza::parse(&text).unwrap());
        for field in before.fields().iter().filter(|field| !field.is("Section")) {
            prop_assert_eq!(after.get(field.name()), Some(field));
        }
        prop_assert_eq!(after.line("Section"), section.as_deref().or(own_section.as_deref()));
        let package = BinaryPackage::parse(text.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(&render(package.control(), &placement), &text);
        prop_assert_eq!(IndexEntry::from_stanza(&after).unwrap().sha256, placement.sha256.unwrap());
    }
}
