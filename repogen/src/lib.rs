//! A Debian archive on disk: from a `.deb` to a signed index.

pub mod sign;
