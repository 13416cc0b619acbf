//! From a frame to a running command.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use hoopoe_kernel::{BoxFuture, Call, Ctx, Fail, Input, Registry, Reply};
use hoopoe_wire::{RequestId, codes, frame, frame::ClientFrame, msgpack};

use crate::{codec::Codec, text_frame};

/// A command of a socket in work.
pub(crate) struct Running {
    id: u64,
    request_id: RequestId,
    work: BoxFuture<Result<Reply, Fail>>,
}

/// A command that is done, to be written.
pub(crate) struct Done {
    pub(crate) id: u64,
    pub(crate) request_id: RequestId,
    pub(crate) result: Result<Reply, Fail>,
}

impl Future for Running {
    type Output = Done;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Done> {
        let (id, request_id) = (self.id, self.request_id);
        // A command that panics ends itself, not the connection with everybody's on it.
        let polled = catch_unwind(AssertUnwindSafe(|| self.work.as_mut().poll(context)));
        let result = polled.unwrap_or_else(|_| Poll::Ready(Err(Fail::internal())));
        result.map(|result| Done { id, request_id, result })
    }
}

/// What a frame asks for.
pub(crate) enum Asked {
    /// A command of the registry, started.
    Command(Running),
    /// `session.sync`: answer after everything earlier is queued.
    Fence(u64),
    /// An answer at once: a refusal.
    Refused(Done),
    /// Not a frame at all: the socket is closed with 4400.
    Nonsense,
}

/// Reads a frame and starts its command. The guards stand in the order of design §3.
pub(crate) fn dispatch(registry: &Arc<Registry>, ctx: &Ctx, text: &str) -> Asked {
    let Some(frame) = ClientFrame::read(text) else { return Asked::Nonsense };
    let (id, request_id) = (frame.id, ctx.request_id);
    let refused = |fail: Fail| Asked::Refused(Done { id, request_id, result: Err(fail) });
    let method = &*frame.method;
    if method == "session.sync" {
        return Asked::Fence(id);
    }
    let Some(index) = registry.find(method) else {
        return refused(Fail::new(&codes::UNKNOWN_METHOD));
    };
    if let Err(fail) = registry.admit(index, ctx) {
        return refused(fail);
    }
    let params = frame.params.map_or("{}", |params| params.get());
    let call = Call {
        index,
        ctx: ctx.clone(),
        input: Input::Object(params.as_bytes()),
        idempotency_key: None,
    };
    Asked::Command(Running { id, request_id, work: registry.call(call) })
}

/// Appends the frame that answers a command.
pub(crate) fn write_done(out: &mut Vec<u8>, scratch: &mut Vec<u8>, done: &Done, codec: Codec) {
    scratch.clear();
    match &done.result {
        Ok(reply) => frame::write_result(scratch, done.id, &reply.body),
        Err(fail) => {
            if fail.code().status >= 500 {
                tracing::error!(request_id = %done.request_id, %fail, "a command failed");
            }
            let problem = serde_json::to_vec(&fail.problem(done.request_id));
            frame::write_error(scratch, done.id, &problem.unwrap_or_else(|_| b"{}".to_vec()));
        }
    }
    match codec {
        Codec::Json => text_frame::write(out, scratch),
        Codec::MessagePack => write_packed(out, scratch, done),
    }
}

fn write_packed(out: &mut Vec<u8>, json: &[u8], done: &Done) {
    let mut packed = Vec::with_capacity(json.len());
    if let Err(error) = msgpack::from_json(json, &mut packed) {
        tracing::error!(request_id = %done.request_id, %error, "a reply is no JSON");
        let result = Err(Fail::internal());
        let failed = Done { id: done.id, request_id: done.request_id, result };
        // A problem is JSON, so this ends here.
        return write_done(out, &mut Vec::new(), &failed, Codec::MessagePack);
    }
    text_frame::write_binary(out, &packed);
}

/// A typed reply of the gateway itself.
pub(crate) fn encode_reply<T: serde::Serialize>(value: &T) -> Result<Reply, Fail> {
    match serde_json::to_vec(value) {
        Ok(json) => Ok(Reply { status: 200, body: json.into() }),
        Err(error) => Err(Fail::internal().caused_by(error)),
    }
}
