//! The `repogen` program.
fn main() {}
