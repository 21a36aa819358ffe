//! The fields of a stanza that the resolver reads.

use debian_control::stanza::Stanza;

use super::Field;

/// How strictly the values of a stanza are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// It could be installed: it has to be right.
    #[default]
    Offered,
    /// It is there, however old it is: dpkg keeps what it only warns about.
    Installed,
}

/// Their values; empty where a field is not there.
#[derive(Default)]
pub(super) struct Fields<'a> {
    pub(super) standing: Standing,
    pub(super) package: &'a str,
    pub(super) version: &'a str,
    pub(super) architecture: &'a str,
    pub(super) multi_arch: &'a str,
    pub(super) essential: &'a str,
    pub(super) protected: &'a str,
    pub(super) important: &'a str,
    pub(super) priority: &'a str,
    pub(super) size: &'a str,
    pub(super) sha256: &'a str,
    pre_depends: &'a str,
    depends: &'a str,
    recommends: &'a str,
    conflicts: &'a str,
    breaks: &'a str,
    provides: &'a str,
}

impl<'a> Fields<'a> {
    /// Picks them out of a stanza, in one pass.
    pub(super) fn of(stanza: &Stanza<'a>, standing: Standing) -> Self {
        let mut fields = Self {
            standing,
            ..Self::default()
        };
        for field in stanza.fields() {
            if let Some(place) = fields.place(field.name()) {
                *place = field.value();
            }
        }
        fields
    }

    fn place(&mut self, name: &str) -> Option<&mut &'a str> {
        let places = [
            ("Package", &mut self.package),
            ("Version", &mut self.version),
            ("Architecture", &mut self.architecture),
            ("Multi-Arch", &mut self.multi_arch),
            ("Essential", &mut self.essential),
            ("Protected", &mut self.protected),
            ("Important", &mut self.important),
            ("Priority", &mut self.priority),
            ("Size", &mut self.size),
            ("SHA256", &mut self.sha256),
            ("Pre-Depends", &mut self.pre_depends),
            ("Depends", &mut self.depends),
            ("Recommends", &mut self.recommends),
            ("Conflicts", &mut self.conflicts),
            ("Breaks", &mut self.breaks),
            ("Provides", &mut self.provides),
        ];
        let found = places
            .into_iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, place)| place)
    }

    /// Returns the fields of relations, in the order of [`Field`].
    pub(super) fn relations(&self) -> [(Field, &'a str); super::FIELDS] {
        [
            (Field::PreDepends, self.pre_depends),
            (Field::Depends, self.depends),
            (Field::Recommends, self.recommends),
            (Field::Conflicts, self.conflicts),
            (Field::Breaks, self.breaks),
            (Field::Provides, self.provides),
        ]
    }
}
