//! Running cases, one by one.

use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

use crate::random::Random;
use crate::target::{FuzzTarget, ParserVerdict};

/// No input of a few kilobytes may take longer, not even on a busy machine.
const SLOWEST: Duration = Duration::from_secs(5);

/// How much to run.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Where the random numbers begin.
    pub seed: u64,
    /// At most so many cases ...
    pub cases: u64,
    /// ... and no new one after this time.
    pub time: Duration,
}

/// What was run without a failure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Cases in all.
    pub cases: u64,
    /// Those whose input the parser took.
    pub accepted: u64,
}

/// A case in which something that must hold did not.
#[derive(Debug, Clone)]
pub struct FuzzFailure {
    /// Which case of the seed.
    pub case: u64,
    /// Its input.
    pub input: Vec<u8>,
    /// What did not hold.
    pub why: String,
}

/// Runs cases of `target`.
///
/// # Errors
///
/// The first failure.
pub fn run(target: &dyn FuzzTarget, effort: Effort) -> Result<Tally, Box<FuzzFailure>> {
    let begin = Instant::now();
    let mut tally = Tally::default();
    while tally.cases < effort.cases && begin.elapsed() < effort.time {
        let case = tally.cases;
        let input = target.input(&mut Random::new(effort.seed, case));
        match check(target, &input) {
            Ok(verdict) => tally.accepted += u64::from(verdict == ParserVerdict::Accepted),
            Err(why) => return Err(Box::new(FuzzFailure { case, input, why })),
        }
        tally.cases += 1;
    }
    Ok(tally)
}

/// Checks one input: the target's own rules, no panic, and little time.
///
/// # Errors
///
/// What did not hold.
pub fn check(target: &dyn FuzzTarget, input: &[u8]) -> Result<ParserVerdict, String> {
    let begin = Instant::now();
    let verdict = panic::catch_unwind(AssertUnwindSafe(|| target.check(input)))
        .unwrap_or_else(|cause| Err(format!("it panicked: {}", panic_message(&*cause))))?;
    match begin.elapsed() {
        took if took > SLOWEST => Err(format!("it took {took:?}")),
        _ => Ok(verdict),
    }
}

fn panic_message(cause: &(dyn std::any::Any + Send)) -> &str {
    match (cause.downcast_ref::<&str>(), cause.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "for no text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails on inputs that begin with what it holds.
    struct Picky(u8, fn());

    impl FuzzTarget for Picky {
        fn name(&self) -> &'static str {
            "picky"
        }

        fn input(&self, random: &mut Random) -> Vec<u8> {
            vec![random.below(50) as u8]
        }

        fn check(&self, input: &[u8]) -> Result<ParserVerdict, String> {
            if input.first() == Some(&self.0) {
                (self.1)();
                return Err("it begins so".to_owned());
            }
            Ok(ParserVerdict::Refused)
        }
    }

    fn effort(cases: u64) -> Effort {
        Effort {
            seed: 3,
            cases,
            time: Duration::from_secs(60),
        }
    }

    #[test]
    fn a_rule_that_does_not_hold_is_found_with_its_input() {
        let failure = run(&Picky(7, || ()), effort(10_000)).unwrap_err();
        assert_eq!(
            (failure.input.as_slice(), failure.why.as_str()),
            (&[7][..], "it begins so")
        );
        assert_eq!(Picky(7, || ()).input(&mut Random::new(3, failure.case)), [7]);
        assert!(check(&Picky(7, || ()), &failure.input).is_err());
    }

    #[test]
    fn a_panic_is_a_failure() {
        let failure = run(&Picky(7, || panic!("at the bytes")), effort(10_000)).unwrap_err();
        assert_eq!(failure.why, "it panicked: at the bytes");
    }

    #[test]
    fn cases_and_time_bound_a_run() {
        assert_eq!(
            run(&Picky(99, || ()), effort(100)).unwrap(),
            Tally {
                cases: 100,
                accepted: 0
            }
        );
        let none = Effort {
            time: Duration::ZERO,
            ..effort(100)
        };
        assert_eq!(run(&Picky(99, || ()), none).unwrap(), Tally::default());
    }
}
