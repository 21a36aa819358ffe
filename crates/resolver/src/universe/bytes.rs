//! A universe as bytes, and again as a universe: so that no program has to read an index twice.
//!
//! All numbers have 32 bits and are little-endian. The bytes may come from a file that anything happened to: every number and every
//! range is checked before a universe is made of them.

use std::sync::OnceLock;

use debian_control::relation::Operator;

use super::alternative::{Alternative, Qualifier};
use super::{
    ArchitectureId, FIELDS, GroupId, MultiArch, Name, NameId, Package, PackageId, Provider, Universe,
    UniverseBytesError, VersionId,
};
use crate::index_vec::{Id, Span};

/// The first word; changes with the form.
const FORMAT: u32 = 0x5550_4b33;
/// No number.
const NONE: u32 = u32::MAX;

const OPERATORS: [Operator; 5] = [
    Operator::Earlier,
    Operator::EarlierOrEqual,
    Operator::Equal,
    Operator::LaterOrEqual,
    Operator::Later,
];

impl Universe {
    /// Returns it as bytes, which [`Universe::from_bytes`] reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.word(FORMAT);
        writer.list(&self.names.ids().collect::<Vec<_>>(), |words, id| {
            let name = &self.names[*id];
            words.extend(
                [name.text, name.packages, name.providers]
                    .into_iter()
                    .flat_map(span_words),
            );
        });
        writer.list(&self.by_text, |words, id| words.push(number(*id)));
        writer.list(&self.versions.ids().collect::<Vec<_>>(), |words, id| {
            words.extend(span_words(self.versions[*id]));
            words.push(self.ranks[*id]);
        });
        writer.list(&self.architectures.ids().collect::<Vec<_>>(), |words, id| {
            words.extend(span_words(self.architectures[*id]));
        });
        writer.list(&self.packages.ids().collect::<Vec<_>>(), |words, id| {
            package_words(&self.packages[*id], words);
        });
        writer.list(&self.groups.ids().collect::<Vec<_>>(), |words, id| {
            words.extend(span_words(self.groups[*id]));
        });
        writer.list(&self.alternatives, |words, alternative| {
            alternative_words(alternative, words)
        });
        writer.list(&self.related, |words, group| words.push(number(*group)));
        writer.list(&self.named, |words, package| words.push(number(*package)));
        writer.list(&self.providers, |words, provider| {
            words.push(number(provider.package));
            words.push(provider.version.map_or(NONE, number));
            words.push(qualifier_word(provider.qualifier));
        });
        writer.word(u32::try_from(self.text.len()).expect("the builder bounds the text"));
        writer.bytes.extend_from_slice(self.text.as_bytes());
        writer.bytes
    }

    /// Reads what [`Universe::to_bytes`] wrote.
    ///
    /// # Errors
    /// When the bytes are of another format, are cut off, or refer to something that is not among them.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, UniverseBytesError> {
        let mut reader = ByteReader { rest: bytes };
        if reader.word() != Some(FORMAT) {
            return Err(UniverseBytesError::Format);
        }
        let names: Vec<Name> = reader.list("names", |[t0, t1, p0, p1, v0, v1]| {
            Some(Name {
                text: Span::from_words(t0, t1),
                packages: Span::from_words(p0, p1),
                providers: Span::from_words(v0, v1),
            })
        })?;
        let by_text: Vec<NameId> = reader.list("order of the names", |[id]| id_below(id, names.len()))?;
        let versions: Vec<(Span, u32)> = reader.list("versions", |[start, length, rank]| {
            Some((Span::from_words(start, length), rank))
        })?;
        let architectures: Vec<Span> = reader.list("architectures", |[start, length]| {
            Some(Span::from_words(start, length))
        })?;
        let counts = [names.len(), versions.len(), architectures.len()];
        let packages: Vec<Package> = reader.list("packages", |words: [u32; 19]| package(words, counts))?;
        let groups: Vec<Span> =
            reader.list("groups", |[start, length]| Some(Span::from_words(start, length)))?;
        let alternatives: Vec<Alternative> =
            reader.list("alternatives", |words| alternative(words, counts))?;
        let related: Vec<GroupId> = reader.list("relations", |[id]| id_below(id, groups.len()))?;
        let named: Vec<PackageId> =
            reader.list("packages of the names", |[id]| id_below(id, packages.len()))?;
        let providers: Vec<Provider> = reader.list("providers", |[package, version, qualifier]| {
            Some(Provider {
                package: id_below(package, packages.len())?,
                version: optional(version, versions.len())?,
                qualifier: self::qualifier(qualifier, architectures.len())?,
            })
        })?;
        let length = reader.word().map(|length| length as usize);
        if length != Some(reader.rest.len()) {
            return Err(UniverseBytesError::Truncated { part: "text" });
        }
        let text = String::from_utf8(reader.rest.to_vec())
            .map_err(|_| UniverseBytesError::Reference { part: "text" })?;
        let (versions, ranks): (Vec<Span>, Vec<u32>) = versions.into_iter().unzip();
        let universe = Self {
            text,
            names: names.into(),
            by_text,
            versions: versions.into(),
            ranks: ranks.into(),
            architectures: architectures.into(),
            packages: packages.into(),
            groups: groups.into(),
            alternatives,
            related,
            named,
            providers,
            wanted: OnceLock::new(),
        };
        match universe.unsound_part() {
            Some(part) => Err(UniverseBytesError::Reference { part }),
            None => Ok(universe),
        }
    }

    /// Returns a part with a span that leads out of what it is a span of, or an order that is broken.
    fn unsound_part(&self) -> Option<&'static str> {
        let is_text = |span: &Span| span.is_of_text(&self.text);
        let names_fit = self.names.values().all(|name| {
            is_text(&name.text) && name.packages.is_of(&self.named) && name.providers.is_of(&self.providers)
        });
        if !names_fit {
            return Some("names");
        }
        // Names are looked up by halving.
        let are_in_order = self.by_text.len() == self.names.len()
            && self
                .by_text
                .is_sorted_by(|left, right| self.name_text(*left) < self.name_text(*right));
        let packages_fit = self.packages.values().all(|package| {
            let mut relations = package.relations.iter();
            relations.all(|span| span.is_of(&self.related))
        });
        let parts = [
            ("order of the names", are_in_order),
            ("versions", self.versions.values().all(is_text)),
            // `all` and the native architecture are used without being looked up.
            (
                "architectures",
                self.architectures.len() >= 2 && self.architectures.values().all(is_text),
            ),
            ("packages", packages_fit),
            (
                "groups",
                self.groups.values().all(|span| span.is_of(&self.alternatives)),
            ),
        ];
        parts.into_iter().find(|(_, fits)| !fits).map(|(part, _)| part)
    }
}

fn number(id: impl Id) -> u32 {
    u32::try_from(id.index()).expect("an id has 32 bits")
}

fn id_below<K: Id>(word: u32, length: usize) -> Option<K> {
    let place = word as usize;
    (place < length).then(|| K::new(place))
}

fn optional<K: Id>(word: u32, length: usize) -> Option<Option<K>> {
    if word == NONE {
        Some(None)
    } else {
        id_below(word, length).map(Some)
    }
}

fn span_words(span: Span) -> [u32; 2] {
    span.words()
}

fn package_words(package: &Package, words: &mut Vec<u32>) {
    let multi_arch = match package.multi_arch {
        MultiArch::No => 0,
        MultiArch::Same => 1,
        MultiArch::Foreign => 2,
        MultiArch::Allowed => 3,
    };
    let flags = multi_arch
        | u32::from(package.essential) << 2
        | u32::from(package.protected) << 3
        | u32::from(package.importance) << 8;
    words.extend([
        number(package.name),
        number(package.version),
        number(package.architecture),
        flags,
    ]);
    words.push(package.priority.cast_unsigned());
    words.extend([package.size as u32, (package.size >> 32) as u32]);
    words.extend(package.relations.into_iter().flat_map(span_words));
}

fn package(words: [u32; 19], [names, versions, architectures]: [usize; 3]) -> Option<Package> {
    let [
        name,
        version,
        architecture,
        flags,
        priority,
        low,
        high,
        spans @ ..,
    ] = words;
    let mut relations = [Span::default(); FIELDS];
    for (relation, pair) in relations.iter_mut().zip(spans.as_chunks::<2>().0) {
        *relation = Span::from_words(pair[0], pair[1]);
    }
    Some(Package {
        name: id_below(name, names)?,
        version: id_below(version, versions)?,
        architecture: id_below(architecture, architectures)?,
        multi_arch: match flags & 3 {
            0 => MultiArch::No,
            1 => MultiArch::Same,
            2 => MultiArch::Foreign,
            _ => MultiArch::Allowed,
        },
        essential: flags & 4 != 0,
        protected: flags & 8 != 0,
        importance: u8::try_from(flags >> 8).ok()?,
        priority: priority.cast_signed(),
        size: u64::from(low) | u64::from(high) << 32,
        relations,
    })
}

fn qualifier_word(qualifier: Qualifier) -> u32 {
    match qualifier {
        Qualifier::None => 0,
        Qualifier::Any => 1,
        Qualifier::Architecture(architecture) => number(architecture).saturating_add(2),
    }
}

fn qualifier(word: u32, architectures: usize) -> Option<Qualifier> {
    Some(match word {
        0 => Qualifier::None,
        1 => Qualifier::Any,
        other => Qualifier::Architecture(id_below::<ArchitectureId>(other - 2, architectures)?),
    })
}

fn alternative_words(alternative: &Alternative, words: &mut Vec<u32>) {
    let (operator, version) = alternative
        .constraint
        .map_or((NONE, NONE), |(operator, version)| {
            let place = OPERATORS.iter().position(|known| *known == operator);
            (
                place.and_then(|place| u32::try_from(place).ok()).unwrap_or(NONE),
                number(version),
            )
        });
    let qualifier = qualifier_word(alternative.qualifier);
    words.extend([number(alternative.name), qualifier, operator, version]);
}

fn alternative(words: [u32; 4], [names, versions, architectures]: [usize; 3]) -> Option<Alternative> {
    let [name, qualifier, operator, version] = words;
    Some(Alternative {
        name: id_below::<NameId>(name, names)?,
        qualifier: self::qualifier(qualifier, architectures)?,
        constraint: match operator {
            NONE => None,
            operator => Some((
                *OPERATORS.get(operator as usize)?,
                id_below::<VersionId>(version, versions)?,
            )),
        },
    })
}

#[derive(Default)]
struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    fn word(&mut self, word: u32) {
        self.bytes.extend_from_slice(&word.to_le_bytes());
    }

    /// Writes how many there are, then the words of each.
    fn list<T>(&mut self, items: &[T], words_of: impl Fn(&mut Vec<u32>, &T)) {
        self.word(u32::try_from(items.len()).expect("the builder bounds every count"));
        let mut words = Vec::new();
        for item in items {
            words.clear();
            words_of(&mut words, item);
            words.iter().for_each(|word| self.word(*word));
        }
    }
}

struct ByteReader<'b> {
    rest: &'b [u8],
}

impl ByteReader<'_> {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*word))
    }

    /// Reads a part: how many items it has, then `N` words for each. An item is `None` when it refers to nothing.
    fn list<const N: usize, T>(
        &mut self,
        part: &'static str,
        item: impl Fn([u32; N]) -> Option<T>,
    ) -> Result<Vec<T>, UniverseBytesError> {
        let truncated = UniverseBytesError::Truncated { part };
        let count = self.word().ok_or(truncated)? as usize;
        let length = count.checked_mul(N * 4).ok_or(truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(truncated)?;
        self.rest = rest;
        let mut items = Vec::with_capacity(count);
        for words in bytes.chunks_exact(N * 4) {
            let mut item_words = [0; N];
            for (word, bytes) in item_words.iter_mut().zip(words.as_chunks::<4>().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            items.push(item(item_words).ok_or(UniverseBytesError::Reference { part })?);
        }
        Ok(items)
    }
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;

    use super::*;
    use crate::check::check;
    use crate::request::{Request, Target};
    use crate::solve::solve;
    use crate::universe::{Field, RelationContext, Source, UniverseBuilder};

    fn universe() -> Universe {
        let index = "Package: app\nVersion: 2\nArchitecture: amd64\nDepends: lib (>= 1.5) | other:any, virtual\nSize: 5000000000\n\n\
            Package: lib\nVersion: 1.0\nArchitecture: amd64\nEssential: yes\nMulti-Arch: same\n\n\
            Package: lib\nVersion: 1.5\nArchitecture: amd64\nPriority: required\nConflicts: old (<< 3)\n\n\
            Package: real\nVersion: 1\nArchitecture: all\nProvides: virtual (= 4), other\nRecommends: lib:arm64\n";
        let mut builder = UniverseBuilder::new(&"amd64".parse().unwrap(), &["arm64".parse().unwrap()]);
        for stanza in StanzaReader::new(index) {
            builder
                .add(&stanza.unwrap(), Source { priority: -3 + 500 })
                .unwrap();
        }
        builder.finish()
    }

    #[test]
    fn what_is_read_again_is_the_same_universe() {
        let before = universe();
        let bytes = before.to_bytes();
        let after = Universe::from_bytes(&bytes).unwrap();
        assert_eq!(after.to_bytes(), bytes);
        let request = Request {
            install: vec![Target::named("app")],
            ..Request::default()
        };
        assert_eq!(solve(&after, &request), solve(&before, &request));
        assert_eq!(after.versions_of("lib"), before.versions_of("lib"));
        assert_eq!(after.size(after.versions_of("app")[0]), 5_000_000_000);
    }

    #[test]
    fn bytes_that_are_cut_off_are_an_error() {
        let bytes = universe().to_bytes();
        for end in 0..bytes.len() {
            assert!(Universe::from_bytes(&bytes[..end]).is_err(), "{end}");
        }
        let error = Universe::from_bytes(&bytes[..8]).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the bytes of the universe end within its names"
        );
    }

    #[test]
    fn bytes_of_another_format_are_an_error() {
        let mut bytes = universe().to_bytes();
        bytes[0] ^= 1;
        assert_eq!(
            Universe::from_bytes(&bytes).err(),
            Some(UniverseBytesError::Format)
        );
    }

    #[test]
    fn a_changed_word_is_an_error_or_a_universe_that_can_be_asked_anything() {
        let bytes = universe().to_bytes();
        for at in (4..bytes.len() - universe().text.len()).step_by(4) {
            for value in [0, 1, 5, 40, 1 << 16, u32::MAX - 1, u32::MAX] {
                let mut changed = bytes.clone();
                changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
                if let Ok(universe) = Universe::from_bytes(&changed) {
                    ask_everything(&universe);
                }
            }
        }
    }

    #[test]
    fn a_range_beyond_its_end_is_an_error() {
        let mut universe = universe();
        let last = universe.related.len();
        universe.packages[PackageId::new(0)].relations[0] = Span::between(last, last + 1);
        let error = Universe::from_bytes(&universe.to_bytes()).err().unwrap();
        assert_eq!(
            error.to_string(),
            "the packages of the universe refer to something that does not exist"
        );
    }

    fn ask_everything(universe: &Universe) {
        for package in universe.packages() {
            let name = universe.name(package);
            let _ = (universe.version(package), universe.architecture(package));
            let _ = universe.versions_of(name).len();
            for field in [
                Field::Depends,
                Field::Recommends,
                Field::Conflicts,
                Field::Provides,
            ] {
                for group in universe.related(package, field) {
                    let _ = universe.candidates(*group, RelationContext::Conflict).len();
                }
            }
        }
        let _ = check(universe).len();
    }
}
