//! Sends one message and waits until the server has it.
//!
//! `cargo run -p hoopoe-sdk --example first_message -- ws://127.0.0.1:8080 ut_… bob hello`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::{env, error::Error};

use hoopoe_sdk::Client;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [url, token, with, text] = &words[..] else {
        return Err("usage: first_message URL TOKEN USER TEXT".into());
    };
    let client = Client::builder().url(url).token(token).connect().await?;
    let conversation = client.direct(with).await?;
    let sent = conversation.send(text).await?.sent().await?;
    println!("{} seq {}", conversation.id(), sent.seq.unwrap_or_default());
    client.close().await;
    Ok(())
}
