//! Failures as clients see them: problem+json with stable codes (RFC 9457).

mod code;
mod details;
mod from_errors;
mod response;
mod shortage;

pub(crate) use self::code::Code;
pub(crate) use self::details::Problem;
pub(crate) use self::response::{ProblemBody, complete, wants_json};
