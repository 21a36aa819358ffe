//! Placing packages: what stands against it, what of it goes ahead, and its rows.

mod decide;
mod known_rows;
mod write;

use self::decide::Planned;
use super::events::Receivers;
use crate::sql::{Db, Sql};
use crate::{NewPlacement, PlacedSet};

pub(crate) use decide::exceeded_quota;
pub(crate) use known_rows::check;

/// Places each set that nothing stands against, under one new revision a suite.
///
/// What the catalog knows of all sets is read first, then each is decided in its turn, and what goes ahead is written together: a
/// server is asked as often for a hundred packages as for one. No other writer comes between.
pub(crate) fn place(db: &Db<'_>, sets: &[Vec<NewPlacement>], now: i64) -> Sql<Vec<PlacedSet>> {
    db.keep_plans()?;
    let (placed, planned) = decide::decide(db, sets, now)?;
    carry_out(db, &planned, now)?;
    Ok(placed)
}

/// Does the same where nothing stands against any of the sets; where something does, nothing is placed.
pub(crate) fn place_all(db: &Db<'_>, sets: &[Vec<NewPlacement>], now: i64) -> Sql<Vec<PlacedSet>> {
    db.keep_plans()?;
    let (placed, planned) = decide::decide(db, sets, now)?;
    if placed.iter().all(Result::is_ok) {
        carry_out(db, &planned, now)?;
    }
    Ok(placed)
}

fn carry_out(db: &Db<'_>, planned: &Planned<'_>, now: i64) -> Sql<()> {
    if planned.is_empty() {
        return Ok(());
    }
    let receivers = Receivers::read(db)?;
    write::write(db, planned, &receivers, now)
}
