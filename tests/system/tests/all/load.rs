//! A crowd that talks: clients that resume by themselves, in a group and in a pair.

use hoopoe_testkit::{
    harness::{PATIENCE, within},
    journal::{Evidence, Name},
    peer::Peer,
};

use crate::house::House;

/// Everybody in the group.
pub(crate) const CROWD: [&str; 4] = ["ann", "bob", "cat", "dan"];
/// The devices that talk; everybody reads.
const DEVICES: [(&str, &str); 5] =
    [("ann", "phone"), ("ann", "tablet"), ("bob", "phone"), ("cat", "phone"), ("dan", "phone")];

/// A house with a crowd in it.
pub(crate) struct Crowd {
    pub(crate) house: House,
    pub(crate) group: Name,
    pub(crate) pair: Name,
    pub(crate) peers: Vec<Peer>,
}

impl Crowd {
    /// Gathers the crowd of a house.
    pub(crate) async fn gather(house: House) -> Self {
        let house = house.with_people(&CROWD).await;
        let (group, pair) = (house.group(&CROWD).await, house.direct("ann", "bob").await);
        let mut peers = Vec::new();
        for (user, device) in DEVICES {
            peers.push(house.peer(user, device, true).await);
        }
        Self { house, group, pair, peers }
    }

    /// Puts a message into the outbox of a device: into the pair where it may and is told to, else
    /// into the group.
    pub(crate) fn say(&self, device: usize, in_pair: bool, text: &str) {
        let peer = &self.peers[device % self.peers.len()];
        let is_of_pair = matches!(peer.user(), "ann" | "bob");
        let conversation = if in_pair && is_of_pair { &self.pair } else { &self.group };
        peer.send(conversation, text);
    }

    /// Returns when every outbox is empty.
    pub(crate) async fn all_acked(&self) {
        for peer in &self.peers {
            peer.until(PATIENCE, "its outbox is empty", |state| state.unacked() == 0).await;
        }
    }

    /// Returns when the crowd has written so many more lines into the journal, or has nothing left
    /// to send.
    pub(crate) async fn lines_or_all_acked(&self, lines: usize) {
        let target = self.house.journal.len() + lines;
        let reached = async {
            tokio::select! {
                () = self.house.journal.reaches(target) => {}
                () = self.all_acked() => {}
            }
        };
        within(PATIENCE * 2, "traffic", reached).await;
    }

    /// Lets everybody come to rest.
    pub(crate) async fn settle(&self) {
        self.all_acked().await;
        for peer in &self.peers {
            peer.settle().await;
        }
    }

    /// Everything that can be known, once all is at rest. `who` is still in the group.
    pub(crate) async fn evidence(&self, who: &[&str]) -> Evidence {
        let readers: [(&Name, &[&str]); 2] = [(&self.group, who), (&self.pair, &["ann", "bob"])];
        self.house.evidence(&readers, None).await
    }
}
