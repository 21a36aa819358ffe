//! When a delivery that failed is tried again.

/// Seconds after the first attempt.
const FIRST: f64 = 5.0;
/// Each pause is so many times the one before.
const FACTOR: f64 = 4.0;
/// The longest pause, in seconds: 6 hours.
pub(super) const LONGEST: f64 = 6.0 * 3600.0;
/// A pause is longer or shorter by up to this part, so that what failed together does not come together again.
const JITTER: f64 = 0.2;

/// Returns how many seconds after attempt `attempt`, from 1, the next one is; `chance` is from 0 to 1, and `asked` what the receiver
/// asks for.
pub(super) fn retry_in(attempt: u64, chance: f64, asked: Option<u64>) -> i64 {
    let before = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
    let pause = (FIRST * FACTOR.powi(before)).min(LONGEST);
    let pause = pause * (1.0 - JITTER + 2.0 * JITTER * chance);
    let asked = asked.map_or(0.0, |seconds| seconds as f64);
    // Both are below a day: nothing is cut off.
    pause.max(asked.min(LONGEST)).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_six_hours_and_are_spread() {
        let middle: Vec<i64> = (1..=9).map(|attempt| retry_in(attempt, 0.5, None)).collect();
        assert_eq!(middle, [5, 20, 80, 320, 1280, 5120, 20480, 21600, 21600]);
        assert_eq!((retry_in(1, 0.0, None), retry_in(1, 1.0, None)), (4, 6));
        assert_eq!(retry_in(u64::MAX, 1.0, None), 25920);
    }

    #[test]
    fn a_receiver_may_ask_for_a_longer_pause_within_bounds() {
        assert_eq!(retry_in(1, 0.5, Some(120)), 120);
        assert_eq!(retry_in(4, 0.5, Some(1)), 320);
        assert_eq!(retry_in(1, 0.5, Some(u64::MAX)), 21600);
    }
}
