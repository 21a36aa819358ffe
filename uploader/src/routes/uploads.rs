//! Uploads that go on where they stopped, by the protocol tus 1.0.

pub(crate) mod append;
pub(crate) mod begin;
pub(crate) mod cancel;
pub(super) mod list;
pub(crate) mod show;
pub(super) mod tus;
pub(super) mod view;

#[cfg(test)]
mod tests;
