//! Where a list goes on: a cursor is good for the list that it came from.
//!
//! In another list it would skip what was never shown, without a word.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use debian_control::digest;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::caller::Caller;
use crate::problem::{Code, Problem};

/// How many digits of a digest tell lists apart: cursors are mixed up by mistake, and whoever forges one sees no more by it.
const DIGITS: usize = 16;

/// A NUL as JSON has it: as it is, JSON has none.
const NUL: &[u8] = br"\u0000";

/// Which list is asked for.
pub(crate) struct ListId(String);

#[derive(Serialize, Deserialize)]
struct Cursor<L, T> {
    list: L,
    after: T,
}

impl ListId {
    /// Returns the list of a route for a caller: `asked` is what its path names, and its filters.
    pub(crate) fn of(caller: &Caller, route: &str, asked: &impl Serialize) -> Self {
        let account = caller.known_account().map(|account| account.username.as_str());
        let digest = digest::sha256(&json(&(route, account, asked))).to_string();
        Self(digest.chars().take(DIGITS).collect())
    }

    /// Writes where the list goes on.
    pub(crate) fn cursor(&self, position: &impl Serialize) -> String {
        URL_SAFE_NO_PAD.encode(json(&Cursor {
            list: &self.0,
            after: position,
        }))
    }

    /// Reads where the list goes on.
    pub(crate) fn position<T: DeserializeOwned>(&self, cursor: Option<&str>) -> Result<Option<T>, Problem> {
        let Some(cursor) = cursor else { return Ok(None) };
        let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| wrong_cursor())?;
        // Nothing that a list is of has a NUL, and PostgreSQL takes no text with one.
        if bytes.windows(NUL.len()).any(|part| part == NUL) {
            return Err(wrong_cursor());
        }
        let cursor: Cursor<String, serde_json::Value> =
            serde_json::from_slice(&bytes).map_err(|_| wrong_cursor())?;
        if cursor.list != self.0 {
            return Err(Problem::new(
                Code::InvalidCursor,
                "the cursor is of another list: expected the `next` of a page of the same route, with the same filters, read by the same account",
            ));
        }
        serde_json::from_value(cursor.after)
            .map(Some)
            .map_err(|_| wrong_cursor())
    }

    /// Reads how many items of the list were on the pages before; none without a cursor.
    pub(crate) fn skipped(&self, cursor: Option<&str>) -> Result<usize, Problem> {
        // More than this no list has, and a database counts no further than 2^63 with a page on top.
        let skipped: u32 = self.position(cursor)?.unwrap_or(0);
        usize::try_from(skipped).map_err(|_| wrong_cursor())
    }
}

/// Returns what is answered to a cursor that no page had as its `next`.
pub(crate) fn wrong_cursor() -> Problem {
    Problem::new(
        Code::InvalidCursor,
        "expected the `next` of the previous page, unchanged",
    )
}

/// Writes what cursors are made of: structs of texts and numbers, which always are JSON.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts and numbers are JSON")
}
