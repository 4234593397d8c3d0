//! Says a line, and follows the feed.
//!
//!     cargo run -- redis://127.0.0.1:6379 ws://127.0.0.1:8765/feed anna "I love this game"

use std::env;
use std::error::Error;

use hikari_engine::calls::{ChatMessage, Perceive};
use hikari_engine::{Change, Client, Feed, Hello, Options};
use hikari_engine_live::{RedisBus, WsDial};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = env::args().skip(1).collect();
    let [redis, url, username, text] =
        <[String; 4]>::try_from(words).map_err(|_| "give REDIS FEED USERNAME TEXT")?;
    let client = Client::new(RedisBus::connect(&redis).await?, Options::default());
    let message = ChatMessage { username, text, ..ChatMessage::default() };
    let insight = client.call(&Perceive { message }).await?;
    println!("tone {}", insight.recommendation.tone);

    let who = Hello { token: env::var("HIKARI_FEED__TOKEN").ok(), ..Hello::default() };
    let mut feed = Feed::new(WsDial { url }, who);
    loop {
        match feed.next().await? {
            Change::Event { kind, .. } => println!("{kind}"),
            Change::Delta(_) | Change::Snapshot => println!("mood {}", feed.state().state()["feeling"]),
            Change::Resumed | Change::Other => {}
        }
    }
}
