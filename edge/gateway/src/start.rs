//! The first frame: who is there, and where their conversations stand.

use std::{net::IpAddr, sync::Arc};

use futures_util::StreamExt;
use hoopoe_accounts::Started;
use hoopoe_kernel::{Actor, Ctx, Fail};
use hoopoe_wire::{
    RequestId, Time, codes,
    frame::ClientFrame,
    session::{CloseCode, SessionStarted, StartSession},
};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{
    accept::Inner,
    dispatch::{self, Done},
    outbox::Outbox,
    timing,
};

/// What this server can do beyond sending and reading.
const CAPABILITIES: &[&str] = &["messages", "receipts", "sync"];

/// A socket whose session is started.
pub(crate) struct Session {
    pub(crate) ctx: Ctx,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) expires_at: Time,
    /// The reply, as the frame to be written first.
    pub(crate) first_frame: Vec<u8>,
}

/// Why a socket never got a session: what to write and how to close.
pub(crate) struct Refused {
    pub(crate) frame: Vec<u8>,
    pub(crate) code: CloseCode,
}

type Socket = WebSocketStream<TcpStream>;

/// Waits for `session.start` and answers it. `None`: the peer has gone.
pub(crate) async fn start(
    inner: &Inner,
    socket: &mut Socket,
    address: IpAddr,
) -> Result<Option<Session>, Refused> {
    let first = tokio::time::timeout(timing::START_MAX, first_text(socket)).await;
    let text = match first {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(None),
        Err(_) => return Err(Refused { frame: Vec::new(), code: CloseCode::Token }),
    };
    let Ok(frame) = serde_json::from_str::<ClientFrame<'_>>(&text) else {
        return Err(Refused { frame: Vec::new(), code: CloseCode::BadFrame });
    };
    let request_id = RequestId(inner.parts.env.fresh_id());
    let params = frame.params.map_or("{}", |params| params.get());
    let opened = match &*frame.method {
        "session.start" => open(inner, params, address, request_id).await,
        _ => Err(Fail::new(&codes::UNAUTHENTICATED)),
    };
    match opened {
        Ok((mut session, reply)) => {
            let result = dispatch::encode_reply(&reply);
            let done = Done { id: frame.id, request_id, result };
            dispatch::write_done(&mut session.first_frame, &mut Vec::new(), &done);
            Ok(Some(session))
        }
        Err(fail) => {
            let code = match fail.code().status {
                429 => CloseCode::Rate,
                500.. => CloseCode::Drain,
                422 | 400 => CloseCode::BadFrame,
                _ => CloseCode::Token,
            };
            let mut frame_bytes = Vec::new();
            let done = Done { id: frame.id, request_id, result: Err(fail) };
            dispatch::write_done(&mut frame_bytes, &mut Vec::new(), &done);
            Err(Refused { frame: frame_bytes, code })
        }
    }
}

async fn first_text(socket: &mut Socket) -> Option<String> {
    loop {
        match socket.next().await?.ok()? {
            Message::Text(text) => return Some(text.as_str().to_owned()),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Binary(_) | Message::Close(_) | Message::Frame(_) => return None,
        }
    }
}

/// Subscribes first and reads the heads then: what comes in between is told live.
async fn open(
    inner: &Inner,
    params: &str,
    address: IpAddr,
    request_id: RequestId,
) -> Result<(Session, SessionStarted), Fail> {
    let request: StartSession = hoopoe_kernel::decode(params.as_bytes())?;
    let parts = &inner.parts;
    let started = parts.accounts.start_session(&request.token, request.device).await?;
    let mut ctx = Ctx::new(&parts.env, started.identity.app, started.identity.actor.clone());
    ctx.address = Some(address);
    ctx.request_id = request_id;
    let Actor::User(user) = &ctx.actor else { return Err(Fail::new(&codes::FORBIDDEN)) };
    let outbox = Arc::new(Outbox::new(user.uid, started.session));
    parts.hub.join(&outbox);
    let page = greet(inner, &ctx, &started, request.cursor.as_deref()).await;
    let page = page.inspect_err(|_| parts.hub.leave(&outbox))?;
    let reply = SessionStarted {
        user: user.id.clone(),
        session: started.session,
        page,
        capabilities: CAPABILITIES.iter().map(|one| (*one).to_owned()).collect(),
    };
    let expires_at = started.expires_at;
    Ok((Session { ctx, outbox, expires_at, first_frame: Vec::new() }, reply))
}

async fn greet(
    inner: &Inner,
    ctx: &Ctx,
    started: &Started,
    cursor: Option<&str>,
) -> Result<hoopoe_wire::conversations::StartPage, Fail> {
    // A revocation from before the subscription was not heard: ask once more.
    if !inner.parts.accounts.is_live(started).await? {
        return Err(Fail::new(&codes::UNAUTHENTICATED));
    }
    inner.parts.conversations.start_page(ctx, ctx.user()?.uid, cursor).await
}
