//! A universe as bytes, and again as a universe: so that no program has to read an index twice.
//!
//! All numbers are of 32 bits, little-endian. What is read is looked through before it is used: every number has to name
//! something that is there. Whoever keeps the bytes keeps a checksum beside them.

use debian_control::relation::Operator;

use super::relations::{Alternative, Qualifier};
use super::{
    ArchitectureId, FIELDS, GroupId, MultiArch, Name, NameId, Package, PackageId, Provider, Universe,
    VersionId,
};
use crate::table::{Id, Span};

/// The first word; changes with the form.
const FORMAT: u32 = 0x5550_4b31;
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
            words.push(provider.architecture.map_or(NONE, number));
        });
        writer.bytes.extend_from_slice(self.text.as_bytes());
        writer.bytes
    }

    /// Reads what [`Universe::to_bytes`] wrote; `None` when it is of another form, or something in it names nothing.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader { rest: bytes };
        (reader.word()? == FORMAT).then_some(())?;
        let names: Vec<Name> = reader.list(|[t0, t1, p0, p1, v0, v1]| {
            Some(Name {
                text: Span::from_words(t0, t1),
                packages: Span::from_words(p0, p1),
                providers: Span::from_words(v0, v1),
            })
        })?;
        let by_text: Vec<NameId> = reader.list(|[id]| id_below(id, names.len()))?;
        let versions: Vec<(Span, u32)> =
            reader.list(|[start, length, rank]| Some((Span::from_words(start, length), rank)))?;
        let architectures: Vec<Span> =
            reader.list(|[start, length]| Some(Span::from_words(start, length)))?;
        // `all` and the native one are known without being looked up.
        (architectures.len() >= 2).then_some(())?;
        let packages: Vec<Package> = reader
            .list(|words: [u32; 19]| package(words, [names.len(), versions.len(), architectures.len()]))?;
        let groups: Vec<Span> = reader.list(|[start, length]| Some(Span::from_words(start, length)))?;
        let alternatives: Vec<Alternative> =
            reader.list(|words| alternative(words, [names.len(), versions.len(), architectures.len()]))?;
        let related: Vec<GroupId> = reader.list(|[id]| id_below(id, groups.len()))?;
        let named: Vec<PackageId> = reader.list(|[id]| id_below(id, packages.len()))?;
        let providers: Vec<Provider> = reader.list(|[package, version, architecture]| {
            Some(Provider {
                package: id_below(package, packages.len())?,
                version: optional(version, versions.len())?,
                architecture: optional(architecture, architectures.len())?,
            })
        })?;
        let text = String::from_utf8(reader.rest.to_vec()).ok()?;
        let (versions, ranks): (Vec<Span>, Vec<u32>) = versions.into_iter().unzip();
        Some(Self {
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
        })
    }
}

fn number(id: impl Id) -> u32 {
    u32::try_from(id.place()).unwrap_or(NONE)
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

fn alternative_words(alternative: &Alternative, words: &mut Vec<u32>) {
    let qualifier = match alternative.qualifier {
        Qualifier::None => 0,
        Qualifier::Any => 1,
        Qualifier::Architecture(architecture) => number(architecture).saturating_add(2),
    };
    let (operator, version) = alternative
        .constraint
        .map_or((NONE, NONE), |(operator, version)| {
            let place = OPERATORS.iter().position(|known| *known == operator);
            (
                place.and_then(|place| u32::try_from(place).ok()).unwrap_or(NONE),
                number(version),
            )
        });
    words.extend([number(alternative.name), qualifier, operator, version]);
}

fn alternative(words: [u32; 4], [names, versions, architectures]: [usize; 3]) -> Option<Alternative> {
    let [name, qualifier, operator, version] = words;
    Some(Alternative {
        name: id_below::<NameId>(name, names)?,
        qualifier: match qualifier {
            0 => Qualifier::None,
            1 => Qualifier::Any,
            other => Qualifier::Architecture(id_below::<ArchitectureId>(other - 2, architectures)?),
        },
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
        self.word(u32::try_from(items.len()).unwrap_or(NONE));
        let mut words = Vec::new();
        for item in items {
            words.clear();
            words_of(&mut words, item);
            words.iter().for_each(|word| self.word(*word));
        }
    }
}

struct Reader<'b> {
    rest: &'b [u8],
}

impl Reader<'_> {
    fn word(&mut self) -> Option<u32> {
        let (word, rest) = self.rest.split_first_chunk::<4>()?;
        self.rest = rest;
        Some(u32::from_le_bytes(*word))
    }

    /// Reads as many as there are said to be, each of `N` words.
    fn list<const N: usize, T>(&mut self, item: impl Fn([u32; N]) -> Option<T>) -> Option<Vec<T>> {
        let count = self.word()? as usize;
        let (bytes, rest) = self.rest.split_at_checked(count.checked_mul(N * 4)?)?;
        self.rest = rest;
        let mut items = Vec::with_capacity(count);
        for words in bytes.chunks_exact(N * 4) {
            let mut item_words = [0; N];
            for (word, bytes) in item_words.iter_mut().zip(words.as_chunks::<4>().0) {
                *word = u32::from_le_bytes(*bytes);
            }
            items.push(item(item_words)?);
        }
        Some(items)
    }
}

#[cfg(test)]
mod tests {
    use debian_control::stanza::StanzaReader;

    use super::*;
    use crate::request::{Request, Target};
    use crate::solve::solve;
    use crate::universe::{Source, UniverseBuilder};

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
    fn bytes_that_were_cut_or_changed_are_no_universe_or_a_harmless_one() {
        let bytes = universe().to_bytes();
        for end in 0..bytes.len() - universe().text.len() {
            assert!(Universe::from_bytes(&bytes[..end]).is_none(), "{end}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            if let Some(universe) = Universe::from_bytes(&changed) {
                for package in universe.packages() {
                    let _ = (
                        universe.name(package),
                        universe.version(package),
                        universe.architecture(package),
                    );
                }
                let _ = universe.versions_of("app");
            }
        }
    }
}
