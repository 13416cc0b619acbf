//! The socket: accepting, starting a session, running commands, telling what was committed.
//!
//! It does not know SQL or HTTP routes; the one HTTP request that it sees is the upgrade.

mod accept;
mod codec;
mod conn;
mod dispatch;
mod ending;
mod fanout;
mod frames;
#[doc(hidden)]
pub mod fuzz;
mod guard;
mod hub;
mod line;
mod missed;
mod outbox;
mod room;
mod start;
#[cfg(test)]
mod tests;
mod text_frame;
mod timing;

pub use accept::{Gateway, GatewayParts};
pub use hub::{Hub, Sources};
pub use line::{Lower, Lowered, Secure, Stream, Upgraded, lower_tcp};
pub use timing::Timing;

#[doc(hidden)]
pub mod bench {
    //! Doors for the instruction-count benches: the code that serves sockets, without sockets.
    use std::sync::Arc;

    use bytes::Bytes;
    use hoopoe_kernel::{Ctx, Registry, Uid};
    use hoopoe_wire::SessionId;

    pub use crate::text_frame::write as write_text_frame;
    use crate::{codec::Codec, dispatch, frames::Frames, outbox::Outbox};

    /// Reads a frame and starts its command. False: it was refused.
    pub fn dispatch(
        registry: &Arc<Registry>,
        ctx: &Ctx,
        text: &str,
    ) -> impl Future<Output = bool> + use<> {
        let asked = dispatch::dispatch(registry, ctx, text);
        async move {
            match asked {
                dispatch::Asked::Command(running) => running.await.result.is_ok(),
                _ => false,
            }
        }
    }

    /// Outboxes without connections.
    pub struct Audience(Vec<Arc<Outbox>>);

    impl Audience {
        /// This many.
        pub fn new(count: i64) -> Self {
            let outbox = |n| Arc::new(Outbox::new(Uid(n), SessionId::NONE, Codec::Json));
            Self((0..count).map(outbox).collect())
        }

        /// Hands a chunk to all, and takes it out again into one buffer.
        pub fn deliver(&self, chunk: &Bytes, buffer: &mut Vec<u8>) {
            let frames = Frames::new(chunk.clone());
            for outbox in &self.0 {
                frames.send_to(outbox);
            }
            for outbox in &self.0 {
                buffer.clear();
                outbox.drain(buffer, usize::MAX);
            }
        }
    }
}
