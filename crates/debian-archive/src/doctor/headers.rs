//! What is asked of a server, what it answers, and what its headers mean.

use debian_control::release::parse_date;

/// What is asked of a server, always by GET.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// The address.
    pub url: &'a str,
    /// Header fields, as a client of an archive would send them.
    pub headers: &'a [(&'a str, &'a str)],
    /// How many bytes of the body are read; an answer with more is read no further.
    pub most: usize,
}

/// What a server answered.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The header fields, their names in any case.
    pub headers: Vec<(String, String)>,
    /// The beginning of the body, as it came: nothing is decompressed.
    pub body: Vec<u8>,
}

/// Somebody who can ask a server.
pub trait Served {
    /// Asks, or says in words why there is no answer.
    fn ask(&self, ask: Ask<'_>) -> Result<Answer, String>;
}

impl Answer {
    /// Returns a header field.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.headers.iter();
        fields
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim())
    }

    /// Returns how long a shared cache may hand the answer out without asking again, in seconds; `None` where it is left
    /// to the cache (RFC 9111, 4.2.2).
    pub(super) fn lifetime(&self) -> Option<i64> {
        let control = self
            .header("cache-control")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let directives: Vec<&str> = control.split(',').map(str::trim).collect();
        if directives
            .iter()
            .any(|name| matches!(*name, "no-store" | "no-cache" | "private"))
        {
            return Some(0);
        }
        let seconds = |name: &str| {
            directives.iter().find_map(|directive| {
                directive
                    .strip_prefix(name)?
                    .trim_matches('"')
                    .parse::<i64>()
                    .ok()
            })
        };
        let expires = || {
            let expires = parse_date(self.header("expires")?);
            // What is no date, as `0` or `-1`, is in the past (RFC 9111, 5.3).
            Some(expires.map_or(0, |at| at.saturating_sub(self.date().unwrap_or(at)).max(0)))
        };
        seconds("s-maxage=")
            .or_else(|| seconds("max-age="))
            .or_else(expires)
    }

    /// Returns when the server says that it answered, in Unix seconds: a cache adds the age of its copy.
    pub(super) fn date(&self) -> Option<i64> {
        let age = self
            .header("age")
            .and_then(|age| age.parse::<i64>().ok())
            .unwrap_or(0);
        parse_date(self.header("date")?).map(|date| date.saturating_add(age.max(0)))
    }

    /// Returns the size of the whole that `Content-Range` tells.
    pub(super) fn whole_size(&self) -> Option<u64> {
        let range = self.header("content-range")?;
        range.rsplit_once('/')?.1.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Answer {
        Answer {
            status: 200,
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            body: Vec::new(),
        }
    }

    #[test]
    fn shared_caches_go_by_s_maxage_then_max_age_then_expires() {
        let lifetime = |headers: &[(&str, &str)]| answer(headers).lifetime();
        assert_eq!(
            lifetime(&[("Cache-Control", "public, s-maxage=5, max-age=60")]),
            Some(5)
        );
        assert_eq!(lifetime(&[("cache-control", "max-age=60")]), Some(60));
        assert_eq!(lifetime(&[("cache-control", "max-age=60, no-cache")]), Some(0));
        let dates = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("expires", "Sun, 06 Nov 1994 08:50:37 GMT"),
        ];
        assert_eq!(lifetime(&dates), Some(60));
        assert_eq!(lifetime(&[("expires", "0")]), Some(0));
        assert_eq!(lifetime(&[]), None);
    }

    #[test]
    fn dates_and_ages_may_be_as_far_away_as_they_can_be_written() {
        for date in ["Sat, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            for age in [i64::MAX, i64::MIN] {
                let age = age.to_string();
                let answer = answer(&[
                    ("Date", date),
                    ("Age", &age),
                    ("Expires", "Mon, 01 Jan 0001 00:00:00 GMT"),
                ]);
                assert!(answer.lifetime().is_none_or(|lifetime| lifetime >= 0));
            }
        }
    }

    #[test]
    fn the_date_of_a_copy_is_that_of_the_answer() {
        let copy = answer(&[("Date", "Sun, 06 Nov 1994 08:49:37 GMT"), ("Age", "30")]);
        assert_eq!(copy.date(), Some(784_111_807));
    }
}
