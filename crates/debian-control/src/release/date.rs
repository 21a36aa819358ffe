//! Times as Release files have them: RFC 5322 dates, written in UTC.

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const LONG_DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const DAY: i64 = 86_400;

/// Returns `Thu, 01 Jan 1970 00:00:00 UTC` for Unix seconds.
pub fn format_date(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let weekday = name(&DAYS, seconds.div_euclid(DAY).rem_euclid(7));
    let month = name(&MONTHS, i64::from(month) - 1);
    let (hour, minute, second) = time(seconds);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} UTC")
}

/// Returns `1970-01-01T00:00:00Z` (RFC 3339) for Unix seconds.
pub fn format_iso(seconds: i64) -> String {
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let (hour, minute, second) = time(seconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Returns the Unix seconds of a date, in the forms that apt reads: `Sun, 06 Nov 1994 08:49:37 GMT`, with or without its weekday,
/// `Sunday, 06-Nov-94 08:49:37 GMT`, and `Sun Nov  6 08:49:37 1994`, which is in UTC; and in others that mean one time only: without
/// seconds, without the comma, as date(1) prints it, as in RFC 3339, and with any zone that is a number (`+0200`).
/// Source: RFC 9110, section 5.6.7; RFC 5322, section 3.3.
pub fn parse_date(text: &str) -> Option<i64> {
    let mut words: Vec<&str> = text.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
    let first = words.first()?;
    if let Some(weekday) = first.strip_suffix(',') {
        let is_weekday = DAYS.contains(&weekday) || LONG_DAYS.contains(&weekday);
        if !is_weekday {
            return None;
        }
        words.remove(0);
    } else if DAYS.contains(first) {
        match words.as_slice() {
            // What C's asctime() writes has no zone, and is in UTC.
            [_, month, day, clock, year] => return seconds([day, month, year, clock, "UTC"]),
            [_, month, day, clock, zone, year] if MONTHS.contains(month) => {
                return seconds([day, month, year, clock, zone]);
            }
            _ => {}
        }
        words.remove(0);
        // The others have five words.
        if words.len() != 5 {
            return None;
        }
    }
    match words.as_slice() {
        [day, month, year, clock, zone] => seconds([day, month, year, clock, zone]),
        [date, clock, zone] => dashed(date, clock, zone),
        [whole] => {
            let (date, time) = whole.split_once('T')?;
            let zone = time.find(['Z', '+', '-'])?;
            let (clock, zone) = time.split_at(zone);
            dashed(date, clock, zone)
        }
        _ => None,
    }
}

/// Reads a date in one word: `06-Nov-94`, or `1994-11-06`.
fn dashed(date: &str, clock: &str, zone: &str) -> Option<i64> {
    let parts: Vec<&str> = date.split('-').collect();
    let [first, month, last] = parts.as_slice() else {
        return None;
    };
    if first.len() == 4 {
        let month = name(&MONTHS, number(month, 1, 12)? - 1);
        return seconds([last, month, first, clock, zone]);
    }
    let year = (1900 + number(last, 0, 99)?).to_string();
    seconds([first, month, &year, clock, zone])
}

/// Returns the Unix seconds of day, month, year, clock and zone.
fn seconds([day, month, year, clock, zone]: [&str; 5]) -> Option<i64> {
    let day: i64 = number(day, 1, 31)?;
    let month = i64::try_from(MONTHS.iter().position(|name| *name == month)?).ok()? + 1;
    let year: i64 = number(year, 1970, 9999)?;
    let mut clock = clock.split(':');
    let (hour, minute, second) = (
        number(clock.next()?, 0, 23)?,
        number(clock.next()?, 0, 59)?,
        number(clock.next().unwrap_or("0"), 0, 60)?,
    );
    if clock.next().is_some() {
        return None;
    }
    let days = days(year, month, day);
    // A day that the month does not have comes out as one of the next month.
    let (_, found_month, found_day) = civil(days);
    let is_day = i64::from(found_month) == month && i64::from(found_day) == day;
    let local = days * DAY + hour * 3_600 + minute * 60 + second;
    is_day.then_some(local - ahead_of_utc(zone)?)
}

/// Returns by how many seconds a zone is ahead of UTC. The names of others than UTC stand for several.
fn ahead_of_utc(zone: &str) -> Option<i64> {
    if ["UTC", "GMT", "Z"]
        .iter()
        .any(|name| zone.eq_ignore_ascii_case(name))
    {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let minutes = minutes.strip_prefix(':').unwrap_or(minutes);
    if minutes.len() != 2 {
        return None;
    }
    Some(sign * (number(hours, 0, 23)? * 3_600 + number(minutes, 0, 59)? * 60))
}

fn number(text: &str, least: i64, most: i64) -> Option<i64> {
    let is_short = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|value| is_short && (least..=most).contains(value))
}

fn name(names: &[&'static str], at: i64) -> &'static str {
    let at = usize::try_from(at).ok();
    at.and_then(|at| names.get(at))
        .expect("a day of the week is 0 to 6, a month 0 to 11")
}

fn time(seconds: i64) -> (i64, i64, i64) {
    let second = seconds.rem_euclid(DAY);
    (second / 3_600, second / 60 % 60, second % 60)
}

/// Returns year, month and day of a day since 1970-01-01, in the proleptic Gregorian calendar.
///
/// Counts in eras of 400 years that begin in March, so that a leap day is the last day of its year.
fn civil(days: i64) -> (i64, u8, u8) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (
        year,
        u8::try_from(month).expect("a month is at most 12"),
        u8::try_from(day).expect("a day is at most 31"),
    )
}

/// Returns the day since 1970-01-01.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let march_month = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_those_of_the_standard() {
        assert_eq!(format_date(0), "Thu, 01 Jan 1970 00:00:00 UTC");
        assert_eq!(format_date(1_709_210_096), "Thu, 29 Feb 2024 12:34:56 UTC");
        assert_eq!(format_iso(1_709_210_096), "2024-02-29T12:34:56Z");
        for text in [
            "Thu, 29 Feb 2024 12:34:56 GMT",
            "29 Feb 2024 12:34:56 +0000",
            "Thu, 29 Feb 2024 12:34:56 Z",
            "Thu Feb 29 12:34:56 2024",
        ] {
            assert_eq!(parse_date(text), Some(1_709_210_096), "{text}");
        }
    }

    #[test]
    fn other_writings_of_one_time_are_read() {
        for text in [
            "Thu, 29 Feb 2024 14:34:56 +0200",
            "Thu, 29 Feb 2024 09:04:56 -0330",
            "Thu, 29 Feb 2024 12:34:56 utc",
            "Thu 29 Feb 2024 12:34:56 UTC",
            "Thu Feb 29 12:34:56 UTC 2024",
            "2024-02-29T12:34:56Z",
            "2024-02-29T13:34:56+01:00",
            "2024-02-29 12:34:56 +0000",
        ] {
            assert_eq!(parse_date(text), Some(1_709_210_096), "{text}");
        }
        assert_eq!(parse_date("Thu, 29 Feb 2024 12:34 UTC"), Some(1_709_210_040));
    }

    #[test]
    fn older_forms_are_read_as_apt_does() {
        for text in [
            "Sun, 6 Nov 1994 8:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(parse_date(text), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn what_could_mean_several_times_and_days_that_do_not_exist_are_refused() {
        for text in [
            "",
            "x",
            "Thu, 29 Feb 2023 12:34:56 UTC",
            "Thu, 29 Feb 2024 12:34:56 CET",
            "Thu, 29 Feb 2024 12:34:56 +01",
            "Thu, 29 Feb 2024 12:34:56 +2400",
            "Thu, 29 Feb 2024 12:34:56 +é00",
            "Do, 29 Feb 2024 12:34:56 UTC",
            "Thu, 29 Fev 2024 12:34:56 UTC",
            "Thu Feb 29 12:34:56 CET 2024",
            "Thu Feb",
            "2024-02-29T12:34:56",
            "2024-02-29 12:34:56",
            "2024-13-29T12:34:56Z",
            "Thu, 29 Feb 2024 12:34:56",
            "Thu, 29 Feb 2024 24:00:00 UTC",
            "Xxx, 29 Feb 2024 12:34:56 UTC",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_date_is_read_as_it_was_written(seconds in 0..253_402_300_800_i64) {
            prop_assert_eq!(parse_date(&format_date(seconds)), Some(seconds));
        }
    }
}
