//! Parameters of a request from its path and its query, decoded, borrowed where nothing had to be.

use std::borrow::Cow;

use hoopoe_kernel::{Fail, Method};

/// Names and values, the path's first.
pub(crate) type Params<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Collects them. What creates or changes takes its fields in the body only, so that no secret
/// lands in an address, and with it in the logs of everything between.
pub(crate) fn collect<'a>(
    method: Method,
    path: impl Iterator<Item = (&'a str, &'a str)>,
    query: Option<&'a str>,
) -> Result<Params<'a>, Fail> {
    let mut params: Params<'a> =
        path.map(|(name, value)| (Cow::Borrowed(name), Cow::Borrowed(value))).collect();
    let takes_query = matches!(method, Method::Get | Method::Delete);
    for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        if !takes_query {
            let detail = format!("{} takes its fields in the body", method.as_str());
            return Err(Fail::field(&pointer(&name), "unknown", detail));
        }
        params.push((name, value));
    }
    Ok(params)
}

fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::RequestId;

    use super::*;

    const NO_PATH: [(&str, &str); 0] = [];

    #[test]
    fn a_query_is_decoded_and_stands_after_the_path() {
        let query = "q=a%20b+c&limit=5&empty=&bare&x=%ff&%C3%A4=1";
        let params = collect(Method::Get, [("user", "ann")].into_iter(), Some(query)).unwrap();
        let text: Vec<(&str, &str)> = params.iter().map(|(n, v)| (&**n, &**v)).collect();
        assert_eq!(
            text,
            [
                ("user", "ann"),
                ("q", "a b c"),
                ("limit", "5"),
                ("empty", ""),
                ("bare", ""),
                ("x", "\u{fffd}"),
                ("ä", "1")
            ]
        );
        assert!(matches!(params[2].1, Cow::Borrowed(_)));
    }

    #[test]
    fn what_writes_takes_no_query() {
        let refused = collect(Method::Post, NO_PATH.into_iter(), Some("password=1"));
        let problem = refused.unwrap_err().problem(RequestId::NONE);
        assert_eq!((problem.status, problem.errors[0].pointer.as_str()), (422, "/password"));
        assert!(collect(Method::Delete, NO_PATH.into_iter(), Some("scope=all")).is_ok());
        assert!(collect(Method::Post, NO_PATH.into_iter(), Some("")).is_ok());
    }
}
