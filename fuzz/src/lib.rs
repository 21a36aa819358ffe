//! Coverage-guided fuzzing of every parser that reads bytes of strangers, on the stable toolchain.
//!
//! A [`target::FuzzTarget`] is a parser with the rules that hold for any input. The program `guided` links all of them with libFuzzer
//! and is built with instrumentation; the program `fuzz` builds it, gives it the seeds, and reports. `make fuzz` runs it.
//!
//! Why it is built in this way: docs/decisions/0016-libfuzzer-on-the-stable-toolchain.md.

pub mod mutate;
pub mod random;
pub mod target;
pub mod targets;
pub mod corpus;
pub mod guided;
