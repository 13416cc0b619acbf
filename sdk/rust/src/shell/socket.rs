//! The socket, as a task: frames out, frames in.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::mpsc;
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Error, Message, protocol::WebSocketConfig},
};

use super::dial::Server;

/// Frames between the socket and the engine, either way.
const QUEUE: usize = 64;
/// A peer that takes nothing for so long is gone.
const WRITE_MAX: Duration = Duration::from_secs(30);

/// What came from a socket, with the number of the attempt that it is of.
pub(super) type Heard = (u64, Sound);

pub(super) enum Sound {
    /// It is open: frames go in here, and dropping this closes it.
    Open(mpsc::Sender<String>),
    /// It could not be opened.
    Failed(String),
    Text(String),
    Heartbeat,
    Closed(Option<u16>, String),
}

/// Room for what sockets have to say.
pub(super) fn channel() -> (mpsc::Sender<Heard>, mpsc::Receiver<Heard>) {
    mpsc::channel(QUEUE)
}

/// Opens a socket and serves it until either side closes it.
pub(super) async fn run(server: Server, attempt: u64, ears: mpsc::Sender<Heard>) {
    // Nobody listens any more when the client is gone: then there is nobody to tell.
    let tell = async |sound| drop(ears.send((attempt, sound)).await);
    let line = match server.dial().await {
        Ok(line) => line,
        Err(error) => return tell(Sound::Failed(error.to_string())).await,
    };
    let config = WebSocketConfig::default().read_buffer_size(16 * 1_024);
    let socket = match client_async_with_config(server.socket(), line, Some(config)).await {
        Ok((socket, _)) => socket,
        Err(error) => return tell(Sound::Failed(words(&error))).await,
    };
    let (mut sink, mut stream) = socket.split();
    let (mouth, mut frames) = mpsc::channel::<String>(QUEUE);
    tell(Sound::Open(mouth)).await;
    let writing = async {
        while let Some(frame) = frames.recv().await {
            match tokio::time::timeout(WRITE_MAX, sink.send(Message::text(frame))).await {
                Ok(Ok(())) => {}
                // The reader learns why.
                Ok(Err(_)) => std::future::pending::<()>().await,
                Err(_) => return,
            }
        }
        drop(tokio::time::timeout(WRITE_MAX, sink.close()).await);
    };
    let reading = async {
        let mut ending = (None, String::new());
        while let Some(Ok(message)) = stream.next().await {
            match message {
                Message::Text(text) => tell(Sound::Text(text.as_str().to_owned())).await,
                Message::Close(Some(frame)) => {
                    ending = (Some(frame.code.into()), frame.reason.as_str().to_owned());
                }
                _ => tell(Sound::Heartbeat).await,
            }
        }
        ending
    };
    let (code, reason) = tokio::select! {
        () = writing => (None, String::new()),
        ending = reading => ending,
    };
    tell(Sound::Closed(code, reason)).await;
}

fn words(error: &Error) -> String {
    match error {
        Error::Io(error) => error.to_string(),
        Error::Http(response) => format!("the server answers {}", response.status()),
        error => error.to_string(),
    }
}
