//! What a caller takes, and what it has already.

use http::{HeaderMap, HeaderValue, header};

/// How the bytes of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// The smallest.
    Brotli,
    /// What everybody understands.
    Gzip,
    /// As it is.
    Plain,
}

impl Coding {
    /// The best first.
    pub(super) const ALL: [Self; 3] = [Self::Brotli, Self::Gzip, Self::Plain];

    /// What stands behind the name of the file.
    pub(super) const fn suffix(self) -> &'static str {
        match self {
            Self::Brotli => ".br",
            Self::Gzip => ".gz",
            Self::Plain => "",
        }
    }

    /// Its name in HTTP; none where nothing is said.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Plain => None,
        }
    }

    /// The coding of a file of this name.
    pub(super) fn of_name(path: &str) -> Self {
        let mut written = [Self::Brotli, Self::Gzip].into_iter();
        written.find(|coding| path.ends_with(coding.suffix())).unwrap_or(Self::Plain)
    }
}

/// Whether `Accept-Encoding` allows a coding (RFC 9110, 12.5.3). What is plain is always taken.
pub(super) fn takes(headers: &HeaderMap, coding: Coding) -> bool {
    let Some(wanted) = coding.name() else { return true };
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut any = false;
    for one in values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(',')) {
        let (name, weight) = one.split_once(';').unwrap_or((one, "q=1"));
        let weight = weight.trim().trim_start_matches(['q', 'Q']).trim_start_matches('=');
        let is_wanted = weight.trim().parse::<f32>().is_ok_and(|weight| weight > 0.0);
        let name = name.trim();
        if name.eq_ignore_ascii_case(wanted) {
            return is_wanted;
        }
        any |= name == "*" && is_wanted;
    }
    any
}

/// Whether the caller has these bytes already. Proxies weaken a tag when they compress.
pub(super) fn knows(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let values = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = values.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(','));
    tags.any(|tag| {
        let tag = tag.trim();
        tag == "*" || tag.trim_start_matches("W/") == etag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_coding_is_taken_when_it_is_named_and_not_refused() {
        for (accepted, brotli, gzip) in [
            ("", false, false),
            ("gzip, deflate, br, zstd", true, true),
            ("gzip;q=0.5, br;q=0", false, true),
            ("GZIP", false, true),
            ("*", true, true),
            ("br;q=0, *;q=0.1", false, true),
            ("identity", false, false),
            ("br ; q=0.3", true, false),
            ("br;q=x", false, false),
        ] {
            let headers = headers(header::ACCEPT_ENCODING, accepted);
            assert_eq!(takes(&headers, Coding::Brotli), brotli, "{accepted}");
            assert_eq!(takes(&headers, Coding::Gzip), gzip, "{accepted}");
            assert!(takes(&headers, Coding::Plain));
        }
        assert!(!takes(&HeaderMap::new(), Coding::Gzip));
    }

    #[test]
    fn a_tag_is_known_alone_in_a_list_and_weak() {
        let etag = HeaderValue::from_static("\"a1\"");
        for known in ["\"a1\"", "W/\"a1\"", "\"b\", \"a1\"", "*"] {
            assert!(knows(&headers(header::IF_NONE_MATCH, known), &etag), "{known}");
        }
        for other in ["\"a\"", "a1", ""] {
            assert!(!knows(&headers(header::IF_NONE_MATCH, other), &etag), "{other}");
        }
    }
}
