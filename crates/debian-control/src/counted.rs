//! Numbers with what they count, as sentences have them.

use std::fmt::Display;

/// Writes a number with the name of what it counts, which takes an `s` where it is not one: `1 package`, `2 packages`.
pub fn counted<N: Display + PartialEq + From<u8>>(number: N, one: &str) -> String {
    let ending = if number == N::from(1) { "" } else { "s" };
    format!("{number} {one}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        let told = [0_u64, 1, 2].map(|number| counted(number, "package"));
        assert_eq!(told, ["0 packages", "1 package", "2 packages"]);
        assert_eq!(counted(-1_i64, "day"), "-1 days");
    }
}
