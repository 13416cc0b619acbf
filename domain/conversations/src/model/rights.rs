//! The matrix of roles and rights.

use hoopoe_kernel::Fail;
use hoopoe_log::WriteGate;
use hoopoe_wire::{codes, conversations::Role};

/// Something that a role may or may not include.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// Reading messages, members and settings.
    Read,
    /// Sending messages.
    Write,
    /// Adding members.
    AddMembers,
    /// Changing name, picture and metadata.
    Update,
    /// Taking back anybody's messages at any time, and seeing who has read them.
    TakeBack,
}

/// One row of the matrix.
struct Row {
    permissions: &'static [Permission],
    /// Roles that it may take away and give.
    appoints: &'static [Role],
    /// Roles whose holders it may remove. Everybody may leave.
    removes: &'static [Role],
}

const fn row(role: Role) -> Row {
    use Permission::{AddMembers, Read, TakeBack, Update, Write};
    use Role::{Admin, Guest, Member, Moderator, Owner};
    match role {
        Owner => Row {
            permissions: &[Read, Write, AddMembers, Update, TakeBack],
            appoints: &Role::ALL,
            removes: &Role::ALL,
        },
        Admin => Row {
            permissions: &[Read, Write, AddMembers, Update, TakeBack],
            appoints: &[Moderator, Member, Guest],
            removes: &[Moderator, Member, Guest],
        },
        Moderator => Row { permissions: &[Read, Write], appoints: &[], removes: &[Member, Guest] },
        Member => Row { permissions: &[Read, Write], appoints: &[], removes: &[] },
        Guest => Row { permissions: &[Read], appoints: &[], removes: &[] },
    }
}

/// What a role includes.
pub trait Rights {
    /// Whether it includes a permission.
    fn may(self, permission: Permission) -> bool;
    /// Whether it may change a member's role from one to another.
    fn may_appoint(self, from: Role, to: Role) -> bool;
    /// Whether it may remove somebody of that role.
    fn may_remove(self, target: Role) -> bool;
}

impl Rights for Role {
    fn may(self, permission: Permission) -> bool {
        row(self).permissions.contains(&permission)
    }

    fn may_appoint(self, from: Role, to: Role) -> bool {
        let roles = row(self).appoints;
        roles.contains(&from) && roles.contains(&to)
    }

    fn may_remove(self, target: Role) -> bool {
        row(self).removes.contains(&target)
    }
}

/// The log's gate for a role.
pub(crate) fn gate(role: Role) -> WriteGate {
    if role.may(Permission::Write) { WriteGate::Open } else { WriteGate::Closed }
}

/// 403 unless it may.
pub(crate) fn permit(may: bool) -> Result<(), Fail> {
    if may { Ok(()) } else { Err(Fail::new(&codes::CONVERSATION_FORBIDDEN)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a role may, one letter each: permissions, then whom it may remove, then
    /// whom it may appoint (o, a, m for moderator, p for plain member, g).
    fn written(role: Role) -> String {
        let permissions = [
            (Permission::Read, 'r'),
            (Permission::Write, 'w'),
            (Permission::AddMembers, 'a'),
            (Permission::Update, 'u'),
            (Permission::TakeBack, 't'),
        ];
        let letters = Role::ALL.into_iter().zip(['o', 'a', 'm', 'p', 'g']);
        let may = permissions.iter().filter(|(permission, _)| role.may(*permission));
        let removes = letters.clone().filter(|(target, _)| role.may_remove(*target));
        let appoints = letters.filter(|(target, _)| role.may_appoint(*target, *target));
        format!(
            "{} -{} +{}",
            may.map(|(_, letter)| *letter).collect::<String>(),
            removes.map(|(_, letter)| letter).collect::<String>(),
            appoints.map(|(_, letter)| letter).collect::<String>(),
        )
    }

    #[test]
    fn the_matrix() {
        let table = Role::ALL.map(|role| format!("{} {}", role.as_str(), written(role)));
        assert_eq!(
            table,
            [
                "owner rwaut -oampg +oampg",
                "admin rwaut -mpg +mpg",
                "moderator rw -pg +",
                "member rw - +",
                "guest r - +",
            ]
        );
    }

    #[test]
    fn nobody_lifts_anybody_to_their_own_height_but_owners() {
        for role in Role::ALL {
            for from in Role::ALL {
                let lifts = role.may_appoint(from, role);
                assert_eq!(lifts, role == Role::Owner, "{role:?} lifts {from:?}");
            }
        }
        assert!(!Role::Admin.may_appoint(Role::Admin, Role::Member), "admins are of one height");
    }

    #[test]
    fn the_gate_is_the_write_permission() {
        assert_eq!(gate(Role::Guest), WriteGate::Closed);
        for role in [Role::Owner, Role::Admin, Role::Moderator, Role::Member] {
            assert_eq!(gate(role), WriteGate::Open, "{role:?}");
        }
    }
}
