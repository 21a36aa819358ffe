//! The descriptions of `Translation-en`, by the `Description-md5` that packages name them by.
//!
//! Source: the Debian wiki, DebianRepository/Format, "Translation indices".

use std::collections::HashMap;

use debian_control::stanza::{Field, Stanza, StanzaReader};

use super::summaries::{TextSpan, Translated};

/// Descriptions, found by the MD5 of the whole English text.
#[derive(Debug, Default)]
pub(super) struct Translations<'t> {
    by_md5: HashMap<&'t str, Translated<'t>>,
}

impl<'t> Translations<'t> {
    /// Reads the texts of several files. What is no description is passed over: packages go without.
    pub(super) fn read(texts: &'t [String]) -> Self {
        let mut by_md5 = HashMap::new();
        for (file, text) in texts.iter().enumerate() {
            for stanza in StanzaReader::new(text).flatten() {
                let (Some(md5), Some(field)) = (stanza.line("Description-md5"), stanza.get("Description-en"))
                else {
                    continue;
                };
                let value = field.value();
                let span = TextSpan {
                    file,
                    offset: (value.as_ptr() as usize - text.as_ptr() as usize) as u64,
                    length: value.len() as u64,
                };
                by_md5.entry(md5).or_insert(Translated { span, field: *field });
            }
        }
        Self { by_md5 }
    }

    /// Returns the whole description of a package whose own has the first line alone.
    pub(super) fn of(&self, stanza: &Stanza<'_>) -> Option<Translated<'t>> {
        let is_whole = |field: &Field<'_>| field.continuation().next().is_some();
        if stanza.get("Description").is_some_and(is_whole) {
            return None;
        }
        self.by_md5.get(stanza.line("Description-md5")?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_is_found_by_its_digest_and_stands_where_it_is_said_to() {
        let texts = [
            "Package: a\nDescription-md5: 11\n\nno stanza\n\nPackage: b\nDescription-md5: 22\nDescription-en: short\n long\n .\n more\n".to_owned(),
        ];
        let translations = Translations::read(&texts);
        let of = |text: &str| {
            let found = translations.of(&Stanza::of_index(text).unwrap())?;
            let start = found.span.offset as usize;
            Some(texts[found.span.file][start..start + found.span.length as usize].to_owned())
        };
        let long = "short\n long\n .\n more";
        let stanza = "Package: x\nDescription: short\nDescription-md5: 22\n";
        assert_eq!(of(stanza).as_deref().map(str::trim_end), Some(long));
        // What a package says itself counts; nothing is not found.
        for none in [
            "Package: x\nDescription: short\n own\nDescription-md5: 22\n",
            "Package: x\nDescription: short\nDescription-md5: 11\n",
            "Package: x\nDescription: short\n",
        ] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
