//! Parsing relations, as dpkg's `parsedep` does.

use super::{
    Alternatives, ArchQualifier, Constraint, Operator, Relation, RelationKind, RelationName, Relations,
    Restriction,
};
use crate::name::{is_known_to_dpkg, shown};
use crate::version::VersionError;

/// A text that is no list of relations.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RelationError {
    /// A comma or bar with no package beside it.
    #[error("a package name is missing before `{0}`")]
    NameMissing(String),
    /// A name with other characters.
    #[error("invalid package name `{0}`: expected letters, digits, `+`, `-`, `.` and `_`")]
    Name(String),
    /// The text after the colon is no architecture.
    #[error("invalid architecture qualifier `{0}`: expected `any`, `native` or an architecture")]
    Qualifier(String),
    /// An operator that does not exist.
    #[error("invalid comparison `{operator}` for `{name}`: expected `<<`, `<=`, `=`, `>=` or `>>`")]
    Operator {
        /// Which package.
        name: String,
        /// What was found.
        operator: String,
    },
    /// A parenthesis, bracket or angle that does not end.
    #[error("`{opening}` after `{name}` has no end")]
    Unterminated {
        /// Which package.
        name: String,
        /// What has no end.
        opening: char,
    },
    /// The version is invalid.
    #[error("`{name}`: {source}")]
    Version {
        /// Which package.
        name: String,
        /// Why.
        source: VersionError,
    },
    /// A constraint so short, at the end of the field, that apt does not read it.
    #[error("`({found}` after `{name}` is too short for apt: expected a form such as `(= 1)`")]
    TooShort {
        /// Which package.
        name: String,
        /// What follows the parenthesis.
        found: String,
    },
    /// Something that is neither comma nor bar after a relation.
    #[error("`{found}` after `{name}`: expected `,` or `|`")]
    Garbage {
        /// Which package.
        name: String,
        /// What was found.
        found: String,
    },
    /// An empty or misspelt restriction.
    #[error("invalid restriction `{found}` after `{name}`")]
    Restriction {
        /// Which package.
        name: String,
        /// What was found.
        found: String,
    },
    /// `|` in a field that takes none.
    #[error("`|` in {0}, which takes no alternatives")]
    AlternativesNotAllowed(&'static str),
    /// A comparison other than `=` in Provides.
    #[error("`{0}` in Provides: expected no version or an exact one, by `=`")]
    ProvidesComparison(String),
}

impl Relations {
    /// Parses the value of a field; an empty one is an empty list.
    ///
    /// Refuses what dpkg refuses: an unparsable field in an index makes apt refuse the whole index.
    pub fn parse(kind: RelationKind, text: &str) -> Result<Self, RelationError> {
        relations(kind, text)
    }

    /// Parses the value of a field of a package that others made, as dpkg and apt read it: in `Provides`, what names a version in another
    /// way than by `=` is well formed, provides nothing, and is left out. Other fields are parsed as by [`Self::parse`].
    ///
    /// ```
    /// use debian_control::relation::{RelationKind, Relations};
    ///
    /// let read = Relations::parse_of_others(RelationKind::Provides, "a (>= 1), b (= 1)")?;
    /// assert_eq!(read, Relations::parse(RelationKind::Provides, "b (= 1)")?);
    /// # Ok::<(), debian_control::relation::RelationError>(())
    /// ```
    ///
    /// # Errors
    /// When dpkg refuses it.
    pub fn parse_of_others(kind: RelationKind, text: &str) -> Result<Self, RelationError> {
        match relations(kind, text) {
            Err(RelationError::ProvidesComparison(_)) => {
                let is_compared = |entry: &&str| {
                    matches!(relations(kind, entry), Err(RelationError::ProvidesComparison(_)))
                };
                let kept: Vec<&str> = text.split(',').filter(|entry| !is_compared(entry)).collect();
                relations(kind, &kept.join(","))
            }
            read => read,
        }
    }
}

fn relations(kind: RelationKind, text: &str) -> Result<Relations, RelationError> {
    // Blanks at the end mean nothing; what asks how much is left does not count them again and again.
    let mut cursor = Cursor {
        rest: text.trim_end_matches(is_blank),
    };
    let mut groups = Vec::new();
    cursor.skip_blanks();
    if cursor.rest.is_empty() {
        return Ok(Relations(groups));
    }
    loop {
        let mut group = vec![relation(kind, &mut cursor)?];
        while cursor.take('|') {
            if !kind.takes_alternatives() {
                return Err(RelationError::AlternativesNotAllowed(kind.field_name()));
            }
            group.push(relation(kind, &mut cursor)?);
        }
        groups.push(Alternatives(group));
        if cursor.rest.is_empty() {
            return Ok(Relations(groups));
        }
        if !cursor.take(',') {
            let name = groups.last().map(ToString::to_string).unwrap_or_default();
            let name = shown(&name);
            return Err(RelationError::Garbage {
                name,
                found: shown(cursor.rest),
            });
        }
    }
}

/// Parses one relation and the blanks after it.
fn relation(kind: RelationKind, cursor: &mut Cursor<'_>) -> Result<Relation, RelationError> {
    cursor.skip_blanks();
    let written =
        cursor.take_until(|letter| is_blank(letter) || matches!(letter, ':' | '(' | '[' | '<' | ',' | '|'));
    if written.is_empty() {
        let next = if cursor.rest.is_empty() {
            "the end".into()
        } else {
            shown(cursor.rest)
        };
        return Err(RelationError::NameMissing(next));
    }
    let name = relation_name(written)?;
    let qualifier = if cursor.starts(':') {
        Some(qualifier(cursor)?)
    } else {
        None
    };
    cursor.skip_blanks();
    let constraint = if cursor.take('(') {
        Some(constraint(written, cursor)?)
    } else {
        None
    };
    cursor.skip_blanks();
    let architectures = if cursor.take('[') {
        restrictions(written, '[', ']', cursor)?
    } else {
        Vec::new()
    };
    cursor.skip_blanks();
    let mut profiles = Vec::new();
    while cursor.take('<') {
        profiles.push(restrictions(written, '<', '>', cursor)?);
        cursor.skip_blanks();
    }
    if kind == RelationKind::Provides
        && constraint
            .as_ref()
            .is_some_and(|constraint| constraint.operator != Operator::Equal)
    {
        return Err(RelationError::ProvidesComparison(shown(written)));
    }
    Ok(Relation {
        name,
        qualifier,
        constraint,
        architectures,
        profiles,
    })
}

fn relation_name(text: &str) -> Result<RelationName, RelationError> {
    if is_known_to_dpkg(text) {
        Ok(RelationName(text.into()))
    } else {
        Err(RelationError::Name(shown(text)))
    }
}

fn qualifier(cursor: &mut Cursor<'_>) -> Result<ArchQualifier, RelationError> {
    cursor.take(':');
    let text = cursor.take_until(|letter| is_blank(letter) || matches!(letter, '(' | '[' | '<' | ',' | '|'));
    match text {
        "any" => Ok(ArchQualifier::Any),
        "native" => Ok(ArchQualifier::Native),
        _ => text
            .parse()
            .map(ArchQualifier::Architecture)
            .map_err(|_| RelationError::Qualifier(shown(text))),
    }
}

/// Parses what follows the opening parenthesis.
fn constraint(name: &str, cursor: &mut Cursor<'_>) -> Result<Constraint, RelationError> {
    cursor.skip_blanks();
    // apt's `ParseDepends` asks for four bytes here, and refuses the whole index where the field ends earlier.
    if cursor.rest.len() < 4 && cursor.rest.contains(')') {
        return Err(RelationError::TooShort {
            name: shown(name),
            found: shown(cursor.rest),
        });
    }
    let written = cursor.take_until(|letter| !matches!(letter, '<' | '=' | '>'));
    let operator = match written {
        "<<" => Operator::Earlier,
        "<=" | "<" => Operator::EarlierOrEqual,
        "=" | "" => Operator::Equal,
        ">=" | ">" => Operator::LaterOrEqual,
        ">>" => Operator::Later,
        other => {
            return Err(RelationError::Operator {
                name: shown(name),
                operator: shown(other),
            });
        }
    };
    cursor.skip_blanks();
    let version = cursor.take_until(|letter| is_blank(letter) || letter == ')');
    cursor.skip_blanks();
    if !cursor.take(')') {
        return Err(RelationError::Unterminated {
            name: shown(name),
            opening: '(',
        });
    }
    let version = version.parse().map_err(|source| RelationError::Version {
        name: shown(name),
        source,
    })?;
    Ok(Constraint { operator, version })
}

/// Parses names up to the closing sign.
fn restrictions(
    name: &str,
    opening: char,
    closing: char,
    cursor: &mut Cursor<'_>,
) -> Result<Vec<Restriction>, RelationError> {
    let Some((inside, rest)) = cursor.rest.split_once(closing) else {
        return Err(RelationError::Unterminated {
            name: shown(name),
            opening,
        });
    };
    cursor.rest = rest;
    let terms: Vec<Restriction> = inside
        .split(is_blank)
        .filter(|term| !term.is_empty())
        .map(|term| match term.strip_prefix('!') {
            Some(rest) => Restriction {
                negated: true,
                name: rest.into(),
            },
            None => Restriction {
                negated: false,
                name: term.into(),
            },
        })
        .collect();
    let is_name = |text: &str| {
        !text.is_empty()
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-.+".contains(&byte))
    };
    if terms.is_empty() || !terms.iter().all(|term| is_name(&term.name)) {
        return Err(RelationError::Restriction {
            name: shown(name),
            found: shown(inside),
        });
    }
    Ok(terms)
}

/// Blanks between the parts of a relation; a field may be folded over lines.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '\t' | '\n')
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(is_blank);
    }

    fn starts(&self, letter: char) -> bool {
        self.rest.starts_with(letter)
    }

    fn take(&mut self, letter: char) -> bool {
        match self.rest.strip_prefix(letter) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'a str {
        let at = self.rest.find(ends).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(at);
        self.rest = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<String, RelationError> {
        Relations::parse(RelationKind::Depends, text).map(|relations| relations.to_string())
    }

    #[test]
    fn the_forms_of_the_policy_are_parsed() {
        for (text, written) in [
            ("", ""),
            (" \n ", ""),
            ("a", "a"),
            ("a,b|c", "a, b | c"),
            ("a  ,\n b (>=1) |c:any", "a, b (>= 1) | c:any"),
            ("a(= 1:2-3 )", "a (= 1:2-3)"),
            ("a (123)", "a (= 123)"),
            ("a (=1), b", "a (= 1), b"),
            ("a (>=1)", "a (>= 1)"),
            ("a (< 1), b (> 2)", "a (<= 1), b (>= 2)"),
            ("a:amd64 (<< 1~)", "a:amd64 (<< 1~)"),
            (
                "a [amd64 !i386] <!nocheck> <cross x>",
                "a [amd64 !i386] <!nocheck> <cross x>",
            ),
            ("A_b.c+d-e", "A_b.c+d-e"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(written), "{text:?}");
        }
    }

    #[test]
    fn what_apt_cannot_parse_is_refused() {
        for text in [
            "a (= 1",
            "foo (bar",
            "a,",
            ",a",
            "a,,b",
            "a |",
            "| a",
            "a b",
            "a (=1 2)",
            "a (==1)",
            "a (=> 1)",
            "a ()",
            "a (>= )",
            "a (:1)",
            "a) b",
            "a (=1) b",
            "a (=1)",
            "a (1) ",
            "b, a (<1)\n",
            "-a",
            "a/b",
            "é",
            "a:",
            "a:any:any",
            "a:a_b",
            "a []",
            "a [amd64",
            "a <x",
            "a (=1))",
            "${shlibs:Depends}",
        ] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn some_fields_take_less() {
        for kind in [
            RelationKind::Conflicts,
            RelationKind::Breaks,
            RelationKind::Replaces,
            RelationKind::Provides,
        ] {
            assert!(Relations::parse(kind, "a | b").is_err(), "{kind:?}");
        }
        assert!(Relations::parse(RelationKind::Enhances, "a | b").is_ok());
        assert!(Relations::parse(RelationKind::Provides, "a (= 1), b").is_ok());
        assert!(Relations::parse(RelationKind::Provides, "a (>= 1)").is_err());
    }

    #[test]
    fn long_fields_take_linear_time_and_make_short_errors() {
        let many = format!("{}b{}", "a (=1), b, ".repeat(100_000), " ".repeat(1_000_000));
        assert!(parse(&many).is_ok());
        let long = "a".repeat(100_000);
        for text in [
            format!("{many},"),
            format!("{long} (= 1"),
            format!("a ({})", "<".repeat(100_000)),
            format!("{long} {long}"),
            format!("a [{}", "b ".repeat(100_000)),
            format!("a (= {long})"),
        ] {
            assert!(parse(&text).unwrap_err().to_string().len() < 400);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_parsed_again(text in "([a-c]{1,2}(:any)?( \\((=|<<|>=) ?1[.~]?[0-9]{0,2}\\))?( ?[,|] ?)?){0,6}") {
            if let Ok(relations) = Relations::parse(RelationKind::Depends, &text) {
                prop_assert_eq!(Relations::parse(RelationKind::Depends, &relations.to_string()), Ok(relations));
            }
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "[a(<>=1), |:\\[\\]!\n]{0,40}|\\PC{0,40}") {
            for kind in RelationKind::ALL {
                let _ = Relations::parse(kind, &text);
            }
        }
    }
}
