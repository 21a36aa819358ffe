//! Packages, right and wrong ones, against what the real dpkg makes of them.

#![expect(
    clippy::disallowed_methods,
    reason = "the library is pure, but these tests hand files to dpkg and keep an eye on the clock"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests are tests"
)]

mod archive_tools;
mod bombs;
mod control;
mod dpkg;
mod malformed;
mod malformed_tar;
mod raw;
mod unpack;
mod valid;
