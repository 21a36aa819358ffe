//! All targets, linked with libFuzzer, which has `main` and its own options. `FUZZ_TARGET` names the target.
//!
//! Nobody runs this by hand: `fuzz` builds it with instrumentation, and without that coverage guides nothing.

#![no_main]
use std::sync::LazyLock;

use fuzz::target::FuzzTarget;
use fuzz::targets;
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

static TARGET: LazyLock<Box<dyn FuzzTarget + Send>> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET names a target");
    targets::named(&name).expect("FUZZ_TARGET names a target that there is")
});

fuzz_target!(|input: &[u8]| {
    if let Err(why) = TARGET.check(input) {
        // libFuzzer keeps the input of whatever ends the process.
        #[expect(clippy::panic, reason = "that is how an input fails")]
        {
            panic!("{why}");
        }
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let size = fuzzer_mutate(data, size, max_size);
    let mut input = data.get(..size).expect("libFuzzer stays in its buffer").to_vec();
    TARGET.repair(&mut input, seed);
    input.truncate(max_size);
    let room = data.get_mut(..input.len()).expect("an input is cut to its room");
    room.copy_from_slice(&input);
    input.len()
});
