//! A registry: the API that takes packages and knows accounts.
//!
//! Any archive can be installed from without one; this is for those who put packages into theirs. No password is ever kept,
//! and a token is shown only to the registry that gave it.

mod error;
mod registry;
mod session;
mod packages;
mod users;

pub use error::RegistryError;
pub use packages::{Live, Taken, Upload, UploadTarget};
pub use registry::Registry;
pub use session::{Me, Session};
pub use users::{NewUser, User};
