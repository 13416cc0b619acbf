//! What a server key may do.

use std::sync::Arc;

/// The domains of commands that a server key may use: `users` opens `users.upsert` and its
/// siblings. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes(Option<Arc<[Box<str>]>>);

impl Scopes {
    /// Every command: keys without limits, and people in their own sessions.
    pub const ALL: Self = Self(None);
    /// How [`Scopes::ALL`] is written.
    pub const WILDCARD: &'static str = "*";

    /// The named domains. `*` among them is [`Scopes::ALL`]; no name at all is no command at all.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let mut names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        if names.iter().any(|name| **name == *Self::WILDCARD) {
            return Self::ALL;
        }
        names.sort_unstable();
        names.dedup();
        Self(Some(names.into()))
    }

    /// Whether a command of this name (`messages.send`) may be used.
    pub fn allows(&self, command: &str) -> bool {
        let Some(names) = &self.0 else { return true };
        let domain = command.split('.').next().unwrap_or_default();
        names.iter().any(|name| **name == *domain)
    }

    /// Whether these open everything that `other` opens: a key hands on no more than it has.
    pub fn cover(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(wanted)) => wanted.iter().all(|name| own.contains(name)),
        }
    }

    /// The names, sorted; `*` for all.
    pub fn names(&self) -> Vec<&str> {
        match &self.0 {
            None => vec![Self::WILDCARD],
            Some(names) => names.iter().map(|name| &**name).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_opens_its_domain_and_nothing_that_begins_like_it() {
        let scopes = Scopes::of(["users", "messages"]);
        assert!(scopes.allows("users.upsert") && scopes.allows("messages.send"));
        assert!(!scopes.allows("user.upsert") && !scopes.allows("users_x.upsert"));
        assert!(!Scopes::of([]).allows("users.get"));
        assert!(Scopes::of(["users", "*"]).allows("anything.else"));
    }

    #[test]
    fn nobody_hands_on_more_than_they_have() {
        let (few, more) = (Scopes::of(["users"]), Scopes::of(["messages", "users", "users"]));
        assert!(more.cover(&few) && !few.cover(&more));
        assert!(Scopes::ALL.cover(&more) && !more.cover(&Scopes::ALL));
        assert_eq!(more.names(), ["messages", "users"]);
        assert_eq!(Scopes::ALL.names(), ["*"]);
    }
}
