//! The code of docs/how-to/rust-engine.md, compiled.

use hikari_engine::calls::{ChatMessage, Perceive};
use hikari_engine::resp::RespBus;
use hikari_engine::{Client, Options};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options { channel: Some("mika".into()), ..Options::default() };
    let client = Client::new(RespBus::new("127.0.0.1:6379"), options);
    let message =
        ChatMessage { username: "anna".into(), text: "I love this game".into(), ..ChatMessage::default() };
    let insight = client.call(&Perceive { message }).await?;
    println!("{}", insight.recommendation.tone);
    Ok(())
}

pub mod more {
    use hikari_engine::calls::StoreMemory;
    use hikari_engine::resp::RespBus;
    use hikari_engine::websocket::PlainDial;
    use hikari_engine::wire::{decode, events_of, Numbers};
    use hikari_engine::{Bus, Change, Client, Event, Feed, Happened, Hello, How, Map, Messages};

    type Done = Result<(), Box<dyn std::error::Error>>;

    pub trait Engine {
        fn face(&mut self, emotion: &str, intensity: f64);
        fn tell(&mut self, kind: &str, data: &Map);
        fn show(&mut self, state: &Map);
    }

    pub async fn durable(client: Client<RespBus>) -> Done {
        let note = StoreMemory { content: "Anna's dog is called Rex".into(), ..StoreMemory::default() };
        let how = How { id: Some("line-4711".into()), durable: true, ..How::default() };
        let memory_id = client.call_so(&note, how).await?;
        println!("{memory_id}");
        Ok(())
    }

    pub async fn events(client: Client<RespBus>, mut engine: impl Engine) -> Done {
        let mut events = client.bus().subscribe(&events_of("mika")).await?;
        let mut numbers = Numbers::default();
        loop {
            let event: Event = decode(&events.next().await?)?;
            if numbers.lost_before(&event) != Some(0) {
                println!("the first one, a restart, or a hole");
            }
            if let Happened::Expression(shown) = event.happened()? {
                engine.face(&shown.dominant, shown.intensity);
            }
        }
    }

    pub async fn feed(mut engine: impl Engine) -> Done {
        let who = Hello { channel: Some("mika".into()), ..Hello::default() };
        let mut feed = Feed::new(PlainDial::new("ws://127.0.0.1:8765/feed").unwrap(), who);
        loop {
            match feed.next().await? {
                Change::Event { kind, data } => engine.tell(&kind, &data),
                _ => engine.show(feed.state().state()),
            }
        }
    }
}
