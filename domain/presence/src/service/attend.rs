//! What the gateway says: who connects, who leaves, who joins and leaves conversations, and what
//! the other nodes say of theirs. All of it is memory only.

use hoopoe_bus::Notice;
use hoopoe_kernel::{AppNo, Uid};

use crate::{Presence, model::watches::Doubted};

impl Presence {
    /// The first connection of a user to this node.
    pub fn connected(&self, app: AppNo, uid: Uid) {
        let mut state = self.state();
        state.roster.came(app, uid);
        state.watches.changed(uid, None);
    }

    /// The last connection of a user to this node has ended.
    pub fn disconnected(&self, uid: Uid) {
        let now = self.now();
        self.state().roster.went(uid, now);
    }

    /// A connection has ended: its subscriptions end with it.
    pub fn closed(&self, uid: Uid, connection: u64) {
        self.state().watches.unwatch((uid, connection), None);
    }

    /// The members of some conversation have changed: who sees whom may be different now.
    pub fn members_changed(&self, joined: &[Uid], left: &[Uid]) {
        let mut state = self.state();
        for uid in left {
            state.watches.doubt(*uid, Doubted::Seeing);
        }
        for uid in joined {
            state.watches.doubt(*uid, Doubted::Blind);
        }
    }

    /// Something on the bus.
    pub fn hear(&self, notice: &Notice) {
        match notice {
            Notice::Visibility { uid } => self.state().watches.doubt(*uid, Doubted::Both),
            Notice::Whereabouts { life, n, told } if *life != self.0.life => {
                let now = self.now();
                let mut state = self.state();
                for uid in state.roster.hear(*life, *n, told, now) {
                    state.watches.changed(uid, None);
                }
            }
            _ => {}
        }
    }
}
