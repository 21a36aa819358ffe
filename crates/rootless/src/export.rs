//! A generation as files for elsewhere: a folder, or an image of a container.
//!
//! Names for files of the store become files, and links to the configuration that generations share become that configuration. The
//! permissions and the order are fixed, and nothing has a time, so that the same generation gives the same bytes.

mod entries;
mod folder;
mod image;

pub use self::folder::write as folder;
pub use self::image::{ImageName, write as image};
