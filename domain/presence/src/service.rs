//! The use cases, one to a file, and what they share.

mod attend;
mod list;
mod look;
mod note_seen;
mod subscribe;
mod tick;
mod typing;

use std::sync::Arc;

use hoopoe_accounts::Accounts;
use hoopoe_bus::{Bus, Notice};
use hoopoe_conversations::Conversations;
use hoopoe_db::Db;
use hoopoe_kernel::Env;
use parking_lot::{Mutex, MutexGuard};

use crate::{
    events,
    model::{
        Moment,
        roster::Roster,
        typists::Typists,
        watches::{News, Watches},
    },
    service::note_seen::Unwritten,
};

/// What presence stands on.
pub struct PresenceParts {
    /// The database that [`crate::MIGRATIONS`] and those below have run on.
    pub db: Db,
    /// Clock and randomness.
    pub env: Arc<Env>,
    /// Users and their settings.
    pub accounts: Accounts,
    /// Who shares a conversation with whom.
    pub conversations: Conversations,
    /// Where events and the other nodes are told.
    pub bus: Arc<dyn Bus>,
}

/// Who is there and who is writing, as far as this node knows. Cheap to clone.
///
/// The gateway says who is connected ([`Presence::connected`] and its siblings), hands on what the
/// bus says ([`Presence::hear`]), and somebody runs [`Presence::run`].
#[derive(Clone)]
pub struct Presence(Arc<Inner>);

struct Inner {
    parts: PresenceParts,
    /// A number that no other life of a node has.
    life: i64,
    state: Mutex<State>,
    /// One tick at a time, so that changes are told in their order.
    ticking: tokio::sync::Mutex<()>,
}

struct State {
    roster: Roster,
    watches: Watches,
    typists: Typists,
    unwritten: Unwritten,
}

impl Presence {
    /// Nobody is there yet.
    pub fn new(parts: PresenceParts) -> Self {
        let mut life = [0; 8];
        parts.env.entropy.fill(&mut life);
        let state = State {
            roster: Roster::new(),
            watches: Watches::default(),
            typists: Typists::default(),
            unwritten: Unwritten::default(),
        };
        Self(Arc::new(Inner {
            parts,
            life: i64::from_be_bytes(life),
            state: Mutex::new(state),
            ticking: tokio::sync::Mutex::default(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock()
    }

    fn now(&self) -> Moment {
        Moment::now(&self.0.parts.env)
    }

    fn tell(&self, news: Vec<News>) {
        for News { to, presence } in news {
            let Some(frame) = events::updated(&presence) else { continue };
            metrics::counter!("hoopoe_presence_events_total").increment(to.len() as u64);
            self.0.parts.bus.publish(Notice::Connections { to, frame });
        }
    }
}
