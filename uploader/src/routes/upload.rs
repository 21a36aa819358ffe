//! Uploads: what `POST /api/packages` and the two routes for programs that put files share.

pub(super) mod admission;
pub(super) mod file_name;
pub(super) mod form;
pub(super) mod params;
pub(super) mod put;
pub(super) mod queue;
pub(super) mod take;
