//! What may be written into a conversation, and whom a request names.

use std::collections::HashSet;

use hoopoe_accounts::check_avatar_url;
use hoopoe_apps::{check_text, metadata_text};
use hoopoe_kernel::{Fail, Uid};
use hoopoe_wire::{
    UserId, codes,
    conversations::{ConversationKind, CreateConversation, History},
    limits,
};

/// A conversation that somebody wants, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) kind: ConversationKind,
    pub(crate) name: Option<String>,
    pub(crate) avatar_url: Option<String>,
    pub(crate) metadata: String,
    pub(crate) history: History,
    /// Whom the creator wants in it, without the creator.
    pub(crate) others: Wanted,
}

impl Draft {
    pub(crate) fn of(request: CreateConversation, creator: &UserId) -> Result<Self, Fail> {
        let CreateConversation { kind, members, name, avatar_url, metadata, history } = request;
        if kind == ConversationKind::Direct {
            let group_only = [
                ("/name", name.is_some()),
                ("/avatar_url", avatar_url.is_some()),
                ("/history", history.is_some()),
            ];
            if let Some((pointer, _)) = group_only.iter().find(|(_, given)| *given) {
                return Err(Fail::field(pointer, "group_only", "a direct conversation has none"));
            }
            check_partner(&members, creator)?;
        }
        let others = Wanted::of(&members, "/members", Some(creator))?;
        if others.ids.len() >= limits::GROUP_MEMBERS_MAX {
            return Err(Fail::new(&codes::TOO_MANY_MEMBERS));
        }
        Ok(Self {
            kind,
            name: name.as_deref().map(check_name).transpose()?.flatten(),
            avatar_url: avatar_url.as_deref().map(check_picture).transpose()?.flatten(),
            metadata: metadata_text("/metadata", &metadata.unwrap_or_default())?,
            history: match kind {
                // Nobody joins later; both read everything.
                ConversationKind::Direct => History::All,
                ConversationKind::Group => history.unwrap_or_default(),
            },
            others,
        })
    }
}

fn check_partner(members: &[UserId], creator: &UserId) -> Result<(), Fail> {
    let (pointer, code, words) = match members {
        [other] if other == creator => ("/members/0", "oneself", "name another person"),
        [_] => return Ok(()),
        [] => ("/members", "too_few", "the other person is missing"),
        _ => ("/members", "too_many", "exactly the other person"),
    };
    Err(Fail::field(pointer, code, words))
}

/// Users named in a request, each once, with the place where they were named first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) ids: Vec<UserId>,
    places: Vec<usize>,
    pointer: &'static str,
}

impl Wanted {
    /// Passes over repeats and `without`. More users than a group holds are 422 before anything
    /// is looked up.
    pub(crate) fn of(
        users: &[UserId],
        pointer: &'static str,
        without: Option<&UserId>,
    ) -> Result<Self, Fail> {
        let mut seen: HashSet<&UserId> = without.into_iter().collect();
        let mut wanted = Self { ids: Vec::new(), places: Vec::new(), pointer };
        for (place, user) in users.iter().enumerate() {
            // Texts that cannot be ids all read alike; each is unknown in its own place.
            if user.is_none() || seen.insert(user) {
                wanted.ids.push(user.clone());
                wanted.places.push(place);
            }
        }
        if wanted.ids.len() > limits::GROUP_MEMBERS_MAX {
            return Err(Fail::new(&codes::TOO_MANY_MEMBERS));
        }
        Ok(wanted)
    }

    /// All of them as they were found, or 422 that points at those who were not (the first 100).
    pub(crate) fn all_found(&self, found: &[Option<Uid>]) -> Result<Vec<Uid>, Fail> {
        let uids: Vec<Uid> = found.iter().flatten().copied().collect();
        if uids.len() == self.ids.len() {
            return Ok(uids);
        }
        let missing = self.places.iter().zip(found).filter(|(_, uid)| uid.is_none());
        let fail = missing.take(limits::PAGE_ITEMS_MAX).fold(
            Fail::new(&codes::UNKNOWN_USER),
            |fail, (place, _)| {
                let pointer = format!("{}/{place}", self.pointer);
                fail.and_field(&pointer, "unknown_user", "there is no such user")
            },
        );
        Err(fail)
    }
}

/// A name without the spaces around it; `None` for an empty one, which is no name.
pub(crate) fn check_name(name: &str) -> Result<Option<String>, Fail> {
    let name = name.trim();
    check_text("/name", name, 0, limits::NAME_CHARS_MAX)?;
    Ok((!name.is_empty()).then(|| name.to_owned()))
}

/// An address of the web; `None` for an empty one, which is no picture.
pub(crate) fn check_picture(url: &str) -> Result<Option<String>, Fail> {
    check_avatar_url("/avatar_url", url)?;
    Ok((!url.is_empty()).then(|| url.to_owned()))
}

#[cfg(test)]
mod tests {
    use hoopoe_wire::{Metadata, RequestId};

    use super::*;

    fn user(id: &str) -> UserId {
        UserId::parse(id).unwrap()
    }

    fn request(kind: ConversationKind, members: &[&str]) -> CreateConversation {
        CreateConversation {
            kind,
            members: members.iter().map(|id| user(id)).collect(),
            name: None,
            avatar_url: None,
            metadata: None,
            history: None,
        }
    }

    fn refused(request: CreateConversation) -> (String, String) {
        let fail = Draft::of(request, &user("ann")).expect_err("is wrong");
        let problem = fail.problem(RequestId::NONE);
        let field = problem.errors.first().expect("a field is named");
        assert_eq!(problem.status, 422);
        (field.pointer.clone(), field.code.to_string())
    }

    #[test]
    fn names_are_trimmed_one_line_and_at_most_100_characters() {
        assert_eq!(check_name("  Trip \t").unwrap().as_deref(), Some("Trip"));
        assert_eq!(check_name(" \u{3000} ").unwrap(), None);
        let long = "戴".repeat(limits::NAME_CHARS_MAX);
        assert_eq!(check_name(&long).unwrap(), Some(long.clone()));
        for bad in [format!("{long}胜"), "a\nb".to_owned(), "a\u{7}b".to_owned()] {
            assert!(check_name(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn pictures_are_web_addresses() {
        assert_eq!(check_picture("").unwrap(), None);
        let good = "https://a.example/x.png";
        assert_eq!(check_picture(good).unwrap().as_deref(), Some(good));
        assert!(check_picture("javascript:alert(1)").is_err());
    }

    #[test]
    fn metadata_ends_at_4_kib() {
        let of_bytes = |bytes: usize| {
            let frame = r#"{"k":""}"#.len();
            let text = "x".repeat(bytes - frame);
            Metadata::from_iter([("k".to_owned(), serde_json::Value::from(text))])
        };
        let mut wanted = request(ConversationKind::Group, &[]);
        wanted.metadata = Some(of_bytes(limits::METADATA_BYTES_MAX));
        let draft = Draft::of(wanted.clone(), &user("ann")).expect("fits");
        assert_eq!(draft.metadata.len(), limits::METADATA_BYTES_MAX);
        wanted.metadata = Some(of_bytes(limits::METADATA_BYTES_MAX + 1));
        assert_eq!(refused(wanted), ("/metadata".into(), "too_long".into()));
    }

    #[test]
    fn a_direct_conversation_is_with_exactly_one_other_person() {
        let direct = |members: &[&str]| request(ConversationKind::Direct, members);
        let draft = Draft::of(direct(&["bob"]), &user("ann")).expect("is right");
        assert_eq!((draft.others.ids, draft.history), (vec![user("bob")], History::All));
        assert_eq!(refused(direct(&[])), ("/members".into(), "too_few".into()));
        assert_eq!(refused(direct(&["bob", "cat"])), ("/members".into(), "too_many".into()));
        assert_eq!(refused(direct(&["ann"])), ("/members/0".into(), "oneself".into()));
        let mut named = direct(&["bob"]);
        named.name = Some("Us".into());
        assert_eq!(refused(named), ("/name".into(), "group_only".into()));
    }

    #[test]
    fn everybody_is_wanted_once_and_pointed_at_where_they_were_named_first() {
        let names = ["bob", "ann", "bob", "cat", "dan"].map(user);
        let wanted = Wanted::of(&names, "/members", Some(&user("ann"))).expect("fits");
        assert_eq!(wanted.ids, ["bob", "cat", "dan"].map(user));
        let fail = wanted.all_found(&[None, Some(Uid(2)), None]).expect_err("two are missing");
        assert!(fail.is(&codes::UNKNOWN_USER));
        let problem = fail.problem(RequestId::NONE);
        let pointers: Vec<&str> = problem.errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/members/0", "/members/4"]);
        let uids = wanted.all_found(&[Some(Uid(1)), Some(Uid(2)), Some(Uid(3))]);
        assert_eq!(uids.expect("all are there"), [Uid(1), Uid(2), Uid(3)]);
    }

    #[test]
    fn texts_that_are_no_ids_are_each_unknown() {
        let names = [UserId::none(), user("bob"), UserId::none()];
        let wanted = Wanted::of(&names, "/users", None).expect("fits");
        let fail = wanted.all_found(&[None, Some(Uid(1)), None]).expect_err("two are none");
        let problem = fail.problem(RequestId::NONE);
        let pointers: Vec<&str> = problem.errors.iter().map(|e| e.pointer.as_str()).collect();
        assert_eq!(pointers, ["/users/0", "/users/2"]);
    }

    #[test]
    fn the_creator_counts_among_the_members() {
        let names = |count: usize| (0..count).map(|n| user(&format!("u{n}"))).collect();
        let mut wanted = request(ConversationKind::Group, &[]);
        wanted.members = names(limits::GROUP_MEMBERS_MAX - 1);
        assert!(Draft::of(wanted.clone(), &user("ann")).is_ok());
        wanted.members = names(limits::GROUP_MEMBERS_MAX);
        let fail = Draft::of(wanted, &user("ann")).expect_err("one too many");
        assert!(fail.is(&codes::TOO_MANY_MEMBERS));
    }
}
