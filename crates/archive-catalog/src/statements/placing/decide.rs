//! Which placements of a transaction go ahead.

use std::collections::{BTreeSet, HashMap, HashSet};

use archive_storage::pool;
use debian_control::digest::Sha256;

use super::super::quotas::Tally;
use super::super::{accounts, security_reports};
use super::known_rows::{self, Found};
use crate::accounts::Authority;
use crate::quotas::QuotaOwner;
use crate::sql::{Db, Sql};
use crate::{Condemnation, Conflict, NewPlacement, PlacedSet, PlacementOutcome};

/// What a transaction is to place, and what follows from it for what is decided after.
#[derive(Debug, Clone, Default)]
pub(super) struct Planned<'a> {
    /// The placements, and what the catalog holds where they go.
    pub(super) placements: Vec<(&'a NewPlacement, Found)>,
    /// The cases of condemned paths that end.
    pub(super) lifted: BTreeSet<i64>,
    /// For which version and bytes an identity stands.
    identities: HashMap<Identity<'a>, (&'a str, Sha256)>,
    /// The component of a content, by suite and digest.
    components: HashMap<(i64, Sha256), &'a str>,
    /// Whose names contents come under, by digest.
    authors: HashSet<(&'a str, Sha256)>,
    /// Whose a pool path is, by tree and path.
    owners: HashMap<(&'a str, &'a str), Sha256>,
    /// What is used of quotas.
    tally: Tally,
}

/// A suite, a name, an architecture and the sort key of a version.
type Identity<'a> = (i64, &'a str, &'a str, Vec<u8>);

/// A placement that is wished for.
struct Wish<'a> {
    wish: &'a NewPlacement,
    found: Found,
    /// Whether the authority that it rests on holds.
    is_authorized: bool,
}

/// Decides each set in its turn, as if those before were placed already: all of a set goes ahead, or nothing.
pub(super) fn decide<'a>(
    db: &Db<'_>,
    sets: &'a [Vec<NewPlacement>],
    now: i64,
) -> Sql<(Vec<PlacedSet>, Planned<'a>)> {
    let all: Vec<&NewPlacement> = sets.iter().flatten().collect();
    let authorized = authorized(db, &all, now)?;
    let found = known_rows::find(db, &all)?;
    let mut wishes = all.into_iter().zip(found).zip(authorized);
    let mut planned = Planned::default();
    let mut placed = Vec::with_capacity(sets.len());
    for set in sets {
        let set = wishes.by_ref().take(set.len());
        let set = set.map(|((wish, found), is_authorized)| Wish {
            wish,
            found,
            is_authorized,
        });
        placed.push(planned.add_set(db, set.collect())?);
    }
    Ok((placed, planned))
}

/// Returns the quota that a set would exceed if it were placed now. Where its files will lie need not be known yet.
pub(crate) fn exceeded_quota(db: &Db<'_>, set: &[NewPlacement]) -> Sql<Option<Box<Conflict>>> {
    let wishes: Vec<&NewPlacement> = set.iter().collect();
    let found = known_rows::find(db, &wishes)?;
    let mut planned = Planned::default();
    for (wish, found) in wishes.into_iter().zip(found) {
        if !matches!(found.outcome(wish), Ok(PlacementOutcome::Added)) {
            continue;
        }
        let keeps = |owner: &QuotaOwner| planned.keeps(owner, found.suite, wish);
        match planned.tally.with(db, found.suite, wish, keeps)? {
            Ok(tally) => planned.tally = tally,
            Err(mut conflict) => {
                Tally::default().restate(db, &mut conflict)?;
                return Ok(Some(conflict));
            }
        }
        planned.note(wish, found);
    }
    Ok(None)
}

/// Says of each placement whether the authority that it rests on holds.
fn authorized(db: &Db<'_>, wishes: &[&NewPlacement], now: i64) -> Sql<Vec<bool>> {
    let authority = |wish: &&'_ NewPlacement| wish.by.as_ref().and_then(|by| by.authority.clone());
    let mut distinct: Vec<Authority> = Vec::new();
    for authority in wishes.iter().filter_map(authority) {
        if !distinct.contains(&authority) {
            distinct.push(authority);
        }
    }
    let ended = accounts::ended(db, &distinct.iter().collect::<Vec<_>>(), now)?;
    let holds = |wish: &&NewPlacement| {
        let authority = authority(wish);
        authority.is_none_or(|authority| {
            let mut known = distinct.iter().zip(&ended);
            known.any(|(known, ended)| *known == authority && !ended)
        })
    };
    Ok(wishes.iter().map(holds).collect())
}

impl<'a> Planned<'a> {
    /// Says whether nothing is to be placed.
    pub(super) fn is_empty(&self) -> bool {
        self.placements.is_empty()
    }

    /// Adds a set, or nothing where one of it is refused.
    fn add_set(&mut self, db: &Db<'_>, set: Vec<Wish<'a>>) -> Sql<PlacedSet> {
        // What is refused alone leaves no trace anyway.
        let before = (set.len() > 1).then(|| self.clone());
        let mut outcomes = Vec::with_capacity(set.len());
        for wish in set {
            match self.add(db, wish)? {
                Ok(outcome) => outcomes.push(outcome),
                Err(mut conflict) => {
                    if let Some(before) = before {
                        before.tally.restate(db, &mut conflict)?;
                        *self = before;
                    }
                    return Ok(Err(conflict));
                }
            }
        }
        Ok(Ok(outcomes))
    }

    /// Adds a placement, or says what stands against it.
    fn add(&mut self, db: &Db<'_>, wish: Wish<'a>) -> Sql<Result<PlacementOutcome, Box<Conflict>>> {
        let Wish {
            wish,
            found,
            is_authorized,
        } = wish;
        if !is_authorized {
            return Ok(Err(Box::new(Conflict::AuthorityEnded)));
        }
        let found = self.after_these(wish, found);
        match found.outcome(wish) {
            Ok(PlacementOutcome::Added) => {}
            settled => return Ok(settled),
        }
        let suite = found.suite;
        if !security_reports::is_judged_by_the_last_scan(db, suite, wish)? {
            return Ok(Err(Box::new(Conflict::ScannedMeanwhile)));
        }
        let tally = self
            .tally
            .with(db, suite, wish, |owner| self.keeps(owner, suite, wish))?;
        let tally = match tally {
            Ok(tally) => tally,
            Err(conflict) => return Ok(Err(conflict)),
        };
        if let Err(conflict) = self.lift(wish, &found) {
            return Ok(Err(conflict));
        }
        self.tally = tally;
        self.note(wish, found);
        Ok(Ok(PlacementOutcome::Added))
    }

    /// Returns what there is where a placement is to go, once the planned ones are there.
    fn after_these(&self, wish: &'a NewPlacement, mut found: Found) -> Found {
        let (content, suite) = (&wish.content.content, found.suite);
        found.identity = found.identity.or_else(|| {
            let (version, sha256) = self.identities.get(&identity(suite, wish))?;
            Some(((*version).to_owned(), *sha256))
        });
        found.component = found.component.or_else(|| {
            let component = self.components.get(&(suite, content.sha256))?;
            Some((*component).to_owned())
        });
        found.owner = found.owner.or_else(|| {
            self.owners
                .get(&(wish.tree.as_str(), wish.path.as_str()))
                .copied()
        });
        found.condemned = found.condemned.filter(|(id, _)| !self.lifted.contains(id));
        found
    }

    /// Says whether the bytes of a package count for an owner already, by what is planned.
    fn keeps(&self, owner: &QuotaOwner, suite: i64, wish: &NewPlacement) -> bool {
        let sha256 = wish.content.content.sha256;
        match owner {
            QuotaOwner::Suite(_) => self.components.contains_key(&(suite, sha256)),
            QuotaOwner::Account(name) => self.authors.contains(&(name.as_str(), sha256)),
        }
    }

    /// Ends the condemnation of a pool path whose bytes were put there after it; any other stands against the placement.
    fn lift(&mut self, wish: &NewPlacement, found: &Found) -> Result<(), Box<Conflict>> {
        let Some((id, is_deleted)) = found.condemned else {
            return Ok(());
        };
        if is_deleted && wish.put_after == Some(Condemnation(id)) {
            self.lifted.insert(id);
            return Ok(());
        }
        Err(Box::new(Conflict::Condemned {
            path: pool::below_root(&wish.tree, &wish.path),
            deleted: is_deleted.then_some(Condemnation(id)),
        }))
    }

    fn note(&mut self, wish: &'a NewPlacement, found: Found) {
        let (content, suite) = (&wish.content.content, found.suite);
        let stands_for = (content.version.as_str(), content.sha256);
        self.identities.entry(identity(suite, wish)).or_insert(stands_for);
        self.components
            .insert((suite, content.sha256), wish.component.as_str());
        self.owners
            .entry((wish.tree.as_str(), wish.path.as_str()))
            .or_insert(content.sha256);
        let author = wish.by.as_ref().and_then(|by| by.name.as_deref());
        self.authors.extend(author.map(|author| (author, content.sha256)));
        self.placements.push((wish, found));
    }
}

fn identity(suite: i64, wish: &NewPlacement) -> Identity<'_> {
    let content = &wish.content.content;
    let (name, architecture) = (content.name.as_str(), content.architecture.as_str());
    (suite, name, architecture, content.version.sort_key())
}
