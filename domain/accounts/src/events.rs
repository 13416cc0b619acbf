//! What the user's own devices are told. The domain consumes no log.

use bytes::Bytes;
use hoopoe_bus::Notice;
use hoopoe_kernel::{Fail, Uid};
use hoopoe_wire::{
    SessionId, Time,
    accounts::{SessionRevoked, User},
    settings::Settings,
};
use serde::Serialize;

use crate::Accounts;

#[derive(Serialize)]
struct Frame<'a, T> {
    event: &'static str,
    data: &'a T,
}

fn frame<T: Serialize>(event: &'static str, data: &T) -> Result<Bytes, Fail> {
    let json = serde_json::to_vec(&Frame { event, data });
    Ok(json.map_err(|e| Fail::internal().caused_by(e))?.into())
}

impl Accounts {
    /// `user.updated`, to the user's own devices.
    pub(crate) fn tell_updated(&self, uid: Uid, user: &User) -> Result<(), Fail> {
        let frame = frame("user.updated", user)?;
        self.0.bus.publish(Notice::Users { uids: vec![uid], frame });
        Ok(())
    }

    /// `user.settings_updated`, to the user's own devices; and presence asks anew who sees them.
    pub(crate) fn tell_settings(&self, uid: Uid, settings: &Settings) -> Result<(), Fail> {
        self.0.bus.publish(Notice::Visibility { uid });
        let frame = frame("user.settings_updated", settings)?;
        self.0.bus.publish(Notice::Users { uids: vec![uid], frame });
        Ok(())
    }

    /// After the commit that ended one session: no cache believes its token any more, the user's
    /// devices learn of it, and its sockets are closed.
    pub(crate) fn tell_revoked(&self, uid: Uid, session: SessionId) -> Result<(), Fail> {
        self.0.tokens.changed();
        self.0.bus.publish(Notice::Revoked { uid, session: Some(session) });
        let frame = frame("session.revoked", &SessionRevoked { session })?;
        self.0.bus.publish(Notice::Users { uids: vec![uid], frame });
        Ok(())
    }

    /// After the commit that gave a session a new token: its sockets stay.
    pub(crate) fn tell_renewed(&self, uid: Uid, session: SessionId, expires_at: Time) {
        self.0.bus.publish(Notice::Renewed { uid, session, expires_at });
    }

    /// After the commit that ended all sessions of a user.
    pub(crate) fn tell_all_revoked(&self, uid: Uid) {
        self.0.tokens.changed();
        self.0.bus.publish(Notice::Revoked { uid, session: None });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_clients_expect() {
        let session = SessionId([7; 16]);
        let json = frame("session.revoked", &SessionRevoked { session }).expect("encodes");
        let wanted = format!(r#"{{"event":"session.revoked","data":{{"session":"{session}"}}}}"#);
        assert_eq!(json, wanted.as_bytes());
    }
}
