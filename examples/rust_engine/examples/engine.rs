//! What an engine does first: says a line, reads the advice, and follows what happens.
//!
//!     cargo run --example engine -- 127.0.0.1:6379 anna "I love this game"

use std::env;
use std::time::Duration;

use hikari_engine::calls::{ChatMessage, Perceive};
use hikari_engine::resp::RespBus;
use hikari_engine::wire::{decode, events_of, Numbers};
use hikari_engine::{Bus, Client, Event, Happened, Messages, Options};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = env::args().skip(1);
    let (Some(redis), Some(username), Some(text)) = (words.next(), words.next(), words.next()) else {
        return Err("give REDIS_HOST:PORT USERNAME TEXT".into());
    };
    let client = Client::new(RespBus::new(redis), Options::default());
    let mut events = client.bus().subscribe(&events_of("default")).await?;

    let message = ChatMessage { username, text, ..ChatMessage::default() };
    let insight = client.call(&Perceive { message }).await?;
    let advice = &insight.recommendation;
    println!("{} ({:.2})", insight.analysis.emotion.primary, insight.analysis.emotion.confidence);
    println!("tone {}, priority {}: {:?}", advice.tone, advice.priority, advice.reasons);
    for memory in &insight.memories {
        println!("remembers: {}", memory.content);
    }

    let mut numbers = Numbers::default();
    while let Ok(data) = tokio::time::timeout(Duration::from_secs(1), events.next()).await {
        let event: Event = decode(&data?)?;
        if numbers.lost_before(&event).is_some_and(|lost| lost > 0) {
            println!("some events were lost");
        }
        match event.happened()? {
            Happened::Mood(mood) => println!("the chat feels {} ({:.2})", mood.dominant, mood.intensity),
            Happened::Memory(line) => println!("keeps: {}", line.content),
            _ => println!("event: {}", event.kind),
        }
    }
    Ok(())
}
