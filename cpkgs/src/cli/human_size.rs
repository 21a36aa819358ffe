//! Sizes and counts as people read them.

/// Returns bytes with a unit of a thousand, as apt does.
pub(super) fn bytes(count: u64) -> String {
    let mut amount = count as f64;
    for unit in ["B", "kB", "MB"] {
        if amount < 1000.0 {
            return if unit == "B" {
                format!("{count} B")
            } else {
                format!("{amount:.1} {unit}")
            };
        }
        amount /= 1000.0;
    }
    format!("{amount:.1} GB")
}

/// Returns what sizes come to; those that an index invents come to more than can be counted, and stay at the most.
pub(super) fn sum(sizes: impl IntoIterator<Item = u64>) -> u64 {
    sizes.into_iter().fold(0, u64::saturating_add)
}

/// Returns how many there are of something, by its word for one.
pub(super) fn counted(count: usize, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn one_is_not_several() {
        let counts = [0, 1, 2].map(|count| super::counted(count, "package"));
        assert_eq!(counts, ["0 packages", "1 package", "2 packages"]);
    }

    #[test]
    fn invented_sizes_come_to_the_most_that_can_be_counted() {
        assert_eq!(super::sum([1, 2]), 3);
        assert_eq!(super::sum([u64::MAX, u64::MAX]), u64::MAX);
    }

    #[test]
    fn amounts_have_the_unit_that_keeps_them_short() {
        assert_eq!(super::bytes(999), "999 B");
        assert_eq!(super::bytes(7_009_176), "7.0 MB");
        assert_eq!(super::bytes(2_500_000_000), "2.5 GB");
    }
}
