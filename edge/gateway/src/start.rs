//! The first frame: who is there, and where their conversations stand.

use std::net::IpAddr;

use futures_util::StreamExt;
use hoopoe_accounts::Started;
use hoopoe_kernel::{Actor, Ctx, Fail, faults};
use hoopoe_wire::{
    RequestId, Time, codes,
    frame::ClientFrame,
    session::{CloseCode, SessionStarted, StartSession},
};
use tokio_tungstenite::{WebSocketStream, tungstenite::Message};

use crate::{
    accept::Inner,
    codec::Codec,
    dispatch::{self, Done},
    ending::End,
    hub::Seat,
    line::Line,
    outbox::Outbox,
};

/// What this server can do beyond sending and reading.
const CAPABILITIES: &[&str] = &["messages", "receipts", "sync", "typing", "presence"];

/// A socket whose session is started.
pub(crate) struct Session {
    pub(crate) ctx: Ctx,
    pub(crate) seat: Seat,
    pub(crate) expires_at: Time,
    /// The reply, as the frame to be written first.
    pub(crate) first_frame: Vec<u8>,
}

/// Why a socket never got a session: what to write and how it ends.
pub(crate) struct Refused {
    pub(crate) frame: Vec<u8>,
    pub(crate) end: End,
}

impl From<End> for Refused {
    fn from(end: End) -> Self {
        Self { frame: Vec::new(), end }
    }
}

type Socket = WebSocketStream<Line>;

/// Waits for `session.start` and answers it.
pub(crate) async fn start(
    inner: &Inner,
    socket: &mut Socket,
    address: IpAddr,
    codec: Codec,
) -> Result<Session, Refused> {
    let text = tokio::select! {
        first = tokio::time::timeout(inner.parts.timing.start_max, first_text(socket, codec)) => {
            first.map_err(|_| End::Close(CloseCode::Token))??
        }
        () = inner.stopping.cancelled() => return Err(End::Close(CloseCode::Drain).into()),
    };
    let Some(frame) = ClientFrame::read(&text) else {
        return Err(End::Close(CloseCode::BadFrame).into());
    };
    let request_id = RequestId(inner.parts.env.fresh_id());
    let params = frame.params.map_or("{}", |params| params.get());
    let opened = match &*frame.method {
        "session.start" => open(inner, params, (address, codec), request_id).await,
        _ => Err(Fail::new(&codes::UNAUTHENTICATED)),
    };
    match opened {
        Ok((mut session, reply)) => {
            let result = dispatch::encode_reply(&reply);
            let done = Done { id: frame.id, request_id, result };
            dispatch::write_done(&mut session.first_frame, &mut Vec::new(), &done, codec);
            Ok(session)
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
            dispatch::write_done(&mut frame_bytes, &mut Vec::new(), &done, codec);
            Err(Refused { frame: frame_bytes, end: End::Close(code) })
        }
    }
}

async fn first_text(socket: &mut Socket, codec: Codec) -> Result<String, End> {
    loop {
        let message = match socket.next().await {
            Some(Ok(Message::Close(_))) => return Err(End::Closed),
            Some(Ok(message)) => message,
            Some(Err(error)) => return Err(End::of(&error)),
            None => return Err(End::Gone),
        };
        if let Some(frame) = codec.read(&message) {
            return Ok(frame?.text().to_owned());
        }
    }
}

/// Subscribes first and reads the heads then: what comes in between is told live.
async fn open(
    inner: &Inner,
    params: &str,
    (address, codec): (IpAddr, Codec),
    request_id: RequestId,
) -> Result<(Session, SessionStarted), Fail> {
    let request: StartSession = hoopoe_kernel::decode(params.as_bytes())?;
    let parts = &inner.parts;
    let started = parts.accounts.start_session(&request.token, request.device).await?;
    let mut ctx = Ctx::new(&parts.env, started.identity.app, started.identity.actor.clone());
    ctx.address = Some(address);
    ctx.request_id = request_id;
    let Actor::User(user) = &ctx.actor else { return Err(Fail::new(&codes::FORBIDDEN)) };
    let seat = parts.hub.join(ctx.app, Outbox::new(user.uid, started.session, codec));
    ctx.connection = Some(seat.outbox().number);
    faults::point("session.seated");
    let page = greet(inner, &ctx, &started, request.cursor.as_deref()).await?;
    let reply = SessionStarted {
        user: user.id.clone(),
        session: started.session,
        page,
        capabilities: CAPABILITIES.iter().map(|one| (*one).to_owned()).collect(),
    };
    let expires_at = started.expires_at;
    Ok((Session { ctx, seat, expires_at, first_frame: Vec::new() }, reply))
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
