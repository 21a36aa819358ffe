//! What the catalog holds where placements are to go.

use debian_control::digest::Sha256;

use archive_storage::pool;

use super::super::rows;
use crate::sql::{ColumnType, Db, Given, Row, Sql, SqlError, given_row};
use crate::{Conflict, NewPlacement, PlacementOutcome};

/// What the catalog holds where one placement is to go.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The key of its suite.
    pub(super) suite: i64,
    /// For which version and bytes its identity stands.
    pub(super) identity: Option<(String, Sha256)>,
    /// The component that it is in already.
    pub(super) component: Option<String>,
    /// Whose its pool path is.
    pub(super) owner: Option<Sha256>,
    /// The key of its content.
    pub(super) content: Option<i64>,
    /// Whether its pool path is condemned: the case, and whether the file is gone.
    pub(super) condemned: Option<(i64, bool)>,
}

const WISH: &[(&str, ColumnType)] = &[
    ("number", ColumnType::Integer),
    ("suite", ColumnType::Text),
    ("sha256", ColumnType::Blob),
    ("name", ColumnType::Text),
    ("architecture", ColumnType::Text),
    ("version_key", ColumnType::Blob),
    ("tree", ColumnType::Text),
    ("path", ColumnType::Text),
    ("file", ColumnType::Text),
];

/// Says of each placement what it would meet with, if it were the only one.
pub(crate) fn check(
    db: &Db<'_>,
    wishes: &[NewPlacement],
) -> Sql<Vec<Result<PlacementOutcome, Box<Conflict>>>> {
    let wishes: Vec<&NewPlacement> = wishes.iter().collect();
    let found = find(db, &wishes)?;
    Ok(wishes
        .iter()
        .zip(found)
        .map(|(wish, found)| found.outcome(wish))
        .collect())
}

/// Returns what the catalog holds where each placement is to go.
pub(super) fn find(db: &Db<'_>, wishes: &[&NewPlacement]) -> Sql<Vec<Found>> {
    let given = (0_u64..).zip(wishes).map(|(number, wish)| {
        let content = &wish.content.content;
        given_row![
            number,
            wish.suite.as_str(),
            content.sha256.as_bytes(),
            content.name.as_str(),
            content.architecture.as_str(),
            content.version.sort_key(),
            wish.tree.as_str(),
            wish.path.as_str(),
            pool::below_root(&wish.tree, &wish.path)
        ]
    });
    let mut found = db.query_given(
        &Given::new(WISH, given),
        "select given.number, suite.id, identity.version, identity.sha256, placement.component, owner.sha256,
                content.id, condemned_file.id, condemned_file.is_deleted
         from given
         join suite on suite.codename = given.suite
         left join identity on identity.suite_id = suite.id and identity.name = given.name
              and identity.architecture = given.architecture and identity.version_key = given.version_key
         left join content on content.sha256 = given.sha256
         left join placement on placement.suite_id = suite.id and placement.content_id = content.id
              and placement.removed_revision is null
         left join pool_file on pool_file.tree = given.tree and pool_file.path = given.path
         left join content owner on owner.id = pool_file.content_id
         left join condemned_file on condemned_file.path = given.file",
        |row| Ok((row.get::<u64>(0)?, read(row)?)),
    )?;
    // Each has one row where its suite has one: all other joins are by unique keys.
    if found.len() != wishes.len() {
        return Err(SqlError::NoRow);
    }
    found.sort_unstable_by_key(|(number, _)| *number);
    Ok(found.into_iter().map(|(_, found)| found).collect())
}

fn read(row: &Row<'_>) -> Sql<Found> {
    let identity: Option<String> = row.get(2)?;
    let owner: Option<[u8; 32]> = row.get(5)?;
    let condemned: Option<i64> = row.get(7)?;
    Ok(Found {
        suite: row.get(1)?,
        identity: identity
            .map(|version| Sql::Ok((version, rows::sha256(row, 3)?)))
            .transpose()?,
        component: row.get(4)?,
        owner: owner.map(Sha256::from_bytes),
        content: row.get(6)?,
        condemned: condemned.map(|id| Sql::Ok((id, row.get(8)?))).transpose()?,
    })
}

impl Found {
    /// Says what a placement meets with.
    pub(super) fn outcome(&self, wish: &NewPlacement) -> Result<PlacementOutcome, Box<Conflict>> {
        if let Some(conflict) = self.identity_conflict(wish) {
            return Err(Box::new(conflict));
        }
        match &self.component {
            Some(component) if component == wish.component.as_str() => {
                return Ok(PlacementOutcome::Unchanged);
            }
            Some(component) => {
                return Err(Box::new(Conflict::OtherComponent {
                    suite: wish.suite.clone(),
                    held: component.clone(),
                    offered: wish.component.clone(),
                }));
            }
            None => {}
        }
        if self
            .owner
            .is_some_and(|owner| owner != wish.content.content.sha256)
        {
            return Err(Box::new(Conflict::PathTaken(wish.path.clone())));
        }
        Ok(PlacementOutcome::Added)
    }

    fn identity_conflict(&self, wish: &NewPlacement) -> Option<Conflict> {
        let content = &wish.content.content;
        let (version, sha256) = self.identity.as_ref()?;
        if version != content.version.as_str() {
            return Some(Conflict::EqualVersion {
                suite: wish.suite.clone(),
                name: content.name.clone(),
                architecture: content.architecture.clone(),
                held: version.clone(),
                offered: content.version.as_str().to_owned(),
            });
        }
        (*sha256 != content.sha256).then(|| Conflict::OtherBytes {
            suite: wish.suite.clone(),
            name: content.name.clone(),
            version: version.clone(),
            architecture: content.architecture.clone(),
            held: *sha256,
            offered: content.sha256,
        })
    }
}
