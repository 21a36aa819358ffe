//! Fuzzing that needs nothing but stable Rust: inputs are grown from a corpus that the targets build themselves, and
//! mutated by a generator with a seed, so that every case can be repeated by its seed and number.
//!
//! `cargo run --release -p fuzz -- all --seconds 20`. A failure leaves its input in a file for
//! `cargo run -p fuzz -- TARGET --replay FILE`.

pub mod mutate;
pub mod random;
pub mod run;
pub mod target;
pub mod targets;
