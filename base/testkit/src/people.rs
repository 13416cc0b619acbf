//! People who appear in tests.

use hoopoe_wire::UserId;

/// Somebody, before any app knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The id that the app gave them.
    pub id: &'static str,
    /// What others see.
    pub name: &'static str,
}

impl Person {
    /// The id as the wire has it.
    pub fn user_id(&self) -> UserId {
        UserId::parse(self.id).expect("ids in this file are legal, which a test here checks")
    }
}

const fn person(id: &'static str, name: &'static str) -> Person {
    Person { id, name }
}

/// Ann, who usually begins.
pub const ANN: Person = person("ann", "Ann Ames");
/// Bob, who usually answers.
pub const BOB: Person = person("bob", "Bob Brook");
/// Cat, the third, who may listen.
pub const CAT: Person = person("cat", "Cat Conti");
/// Dan, who may not.
pub const DAN: Person = person("dan", "Dan Doyle");
/// Eve, of another app.
pub const EVE: Person = person("eve", "Eve Engel");
/// 李伟.
pub const LI_WEI: Person = person("li.wei", "李伟");
/// 王芳.
pub const WANG_FANG: Person = person("wang.fang", "王芳");
/// 欧阳娜娜, with a name of two characters for the family.
pub const OUYANG: Person = person("ouyang.nana", "欧阳娜娜");
/// A name from outside the Basic Multilingual Plane, which counts two units in UTF-16.
pub const JI: Person = person("ji", "𠮷田🎋");
/// A name that is written from right to left.
pub const NUR: Person = person("nur", "نور");
/// An id with every sort of character that an id may have.
pub const ODD: Person = person("Odd.One_1@x+y:z-", "O'Odd \"One\" \\ <&>");

/// Everybody with a name of their own.
pub const ALL: &[Person] = &[ANN, BOB, CAT, DAN, EVE, LI_WEI, WANG_FANG, OUYANG, JI, NUR, ODD];

/// The ids of a crowd: `p0000`, `p0001`, …
pub fn crowd(count: usize) -> impl Iterator<Item = UserId> {
    (0..count).map(|number| {
        UserId::parse(&format!("p{number:04}")).expect("a letter and digits are legal, and short")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn everybody_is_somebody_else() {
        let ids: HashSet<_> = ALL.iter().map(Person::user_id).chain(crowd(1_500)).collect();
        assert_eq!(ids.len(), ALL.len() + 1_500);
    }
}
