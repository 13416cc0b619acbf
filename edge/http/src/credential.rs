//! Who says to call: the headers that carry a token or key. A token in the address is none.

use hoopoe_kernel::{Fail, ports::Credential};
use hoopoe_wire::codes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

const ACT_AS: HeaderName = HeaderName::from_static("hoopoe-as");

/// Reads `Authorization: Bearer …` and `Hoopoe-As`. What is there but is not of that shape is 401:
/// a caller who meant to sign in is never taken for nobody.
pub(crate) fn read(headers: &HeaderMap) -> Result<Credential, Fail> {
    let bearer = match only(headers, &header::AUTHORIZATION)? {
        None => None,
        Some(value) => Some(token(value)?.to_owned()),
    };
    let act_as = match only(headers, &ACT_AS)? {
        None => None,
        Some(value) => Some(value.to_str().map_err(|_| unauthenticated())?.to_owned()),
    };
    Ok(Credential { bearer, act_as })
}

fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, Fail> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        _ => Err(unauthenticated().with_detail("a header that says who calls stands twice")),
    }
}

fn token(value: &HeaderValue) -> Result<&str, Fail> {
    let text = value.to_str().map_err(|_| unauthenticated())?;
    let (scheme, token) = text.split_once(' ').ok_or_else(unauthenticated)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(unauthenticated().with_detail("the scheme is `Bearer`"));
    }
    Ok(token.trim_matches(' '))
}

fn unauthenticated() -> Fail {
    Fail::new(&codes::UNAUTHENTICATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, value.parse().unwrap());
        }
        headers
    }

    fn bearer(values: &[&str]) -> Option<Option<String>> {
        read(&headers(values)).ok().map(|credential| credential.bearer)
    }

    #[test]
    fn bearers_are_read_and_all_else_is_refused() {
        assert_eq!(bearer(&[]), Some(None));
        assert_eq!(bearer(&["Bearer ut_1"]), Some(Some("ut_1".to_owned())));
        assert_eq!(bearer(&["bearer  ut_1"]), Some(Some("ut_1".to_owned())));
        for wrong in [&["Basic YTpi"][..], &["ut_1"], &["Bearer a", "Bearer b"], &[""]] {
            assert_eq!(bearer(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_key_says_for_whom_it_acts() {
        let mut headers = headers(&["Bearer sk_1"]);
        headers.insert(ACT_AS, "ann".parse().unwrap());
        assert_eq!(read(&headers).unwrap().act_as.as_deref(), Some("ann"));
    }
}
