//! Says everything again that is said to it, for as long as it runs. What it has to say is in a
//! file until the server has it, so that a crash loses nothing.
//!
//! `cargo run -p hoopoe-sdk --example echo_bot -- ws://127.0.0.1:8080 ut_… echo.outbox`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{env, error::Error};

use hoopoe_sdk::{Client, Event, FileStore, Status};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [url, token, outbox] = &words[..] else {
        return Err("usage: echo_bot URL TOKEN FILE".into());
    };
    let store = FileStore::open(outbox)?;
    let client = Client::builder().url(url).token(token).store(store).connect().await?;
    let me = client.user().await?;
    let mut status = client.connection();
    let mut events = client.events();
    println!("ready");
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            // Nobody gives another token: it is over.
            stop = status.wait_for(|status| matches!(status, Status::Stopped(_))) => {
                return Err(format!("{:?}", stop.map(|stop| stop.clone())).into());
            }
        };
        match event {
            Some(Event::Message(message)) if message.sender != me && !message.deleted => {
                let conversation = client.conversation(message.conversation);
                conversation.send(message.text()).await?;
                conversation.mark_read(message.seq).await?;
            }
            Some(_) => {}
            None => return Ok(()),
        }
    }
}
