//! Against a real worker and a real feed; `tests/examples/test_rust_engine.py` starts them and gives their addresses in
//! HIKARI_ENGINE_REDIS (`host:port`), HIKARI_ENGINE_FEED (`ws://...`) with its token in HIKARI_ENGINE_TOKEN, and
//! HIKARI_ENGINE_HOLED, the same feed by a way on which one frame is lost.

use std::collections::BTreeSet;
use std::env;
use std::time::Duration;

use hikari_engine::calls::*;
use hikari_engine::resp::RespBus;
use hikari_engine::results::Viewer;
use hikari_engine::websocket::PlainDial;
use hikari_engine::wire::{decode, events_of, Numbers};
use hikari_engine::{
    Bus, Change, Client, Code, Error, Event, Feed, Happened, Hello, How, Messages, Options, TurnedAway,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const CHANNEL: &str = "hikari";

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

fn client() -> Client<RespBus> {
    let options =
        Options { channel: Some(CHANNEL.into()), deadline: Duration::from_secs(60), ..Options::default() };
    Client::new(RespBus::new(variable("HIKARI_ENGINE_REDIS")), options)
}

fn line(username: &str, text: &str, id: &str) -> Perceive {
    let message = ChatMessage {
        username: username.into(),
        text: text.into(),
        id: Some(id.into()),
        ..ChatMessage::default()
    };
    Perceive { message }
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn every_method_answers_with_its_type() {
    let client = client();
    assert_eq!(client.call(&Health {}).await.unwrap().status, "ok");
    let said = AnalyzeMessage { text: "I love this".into(), username: "anna".into(), context: None };
    assert_eq!(client.call(&said).await.unwrap().emotion.primary, "joy");
    let insight = client.call(&line("anna", "my dog Rex is asleep", "m-1")).await.unwrap();
    assert!(insight.remembered.is_some());
    let note = StoreMemory { content: "Anna plays chess on Sundays".into(), ..StoreMemory::default() };
    let memory_id = client.call(&note).await.unwrap();
    let asked = RetrieveMemories { query: "chess".into(), k: 1, ..RetrieveMemories::default() };
    assert_eq!(client.call(&asked).await.unwrap()[0].id, memory_id);
    let topic = GetContextSummary { topic: "chess".into(), ..GetContextSummary::default() };
    assert!(!client.call(&topic).await.unwrap().is_empty());
    let topic = Summarize { topic: "chess".into(), ..Summarize::default() };
    assert!(client.call(&topic).await.unwrap().memories.contains(&memory_id));
    let around = FindAssociations { entity: "anna".into(), ..FindAssociations::default() };
    assert!(!client.call(&around).await.unwrap().is_empty());
    assert!(client.call(&GetMemoryStats {}).await.unwrap().total >= 2);
    client.call(&Consolidate {}).await.unwrap();
    client.call(&ForgetMemory { memory_id }).await.unwrap();
    let heard = ProcessChatMessage {
        username: "ben".into(),
        message: "what a play".into(),
        ..ProcessChatMessage::default()
    };
    assert_eq!(client.call(&heard).await.unwrap().username, "ben");
    let viewers = RecordMetric { name: "viewer_count".into(), value: 12.0, timestamp: None };
    client.call(&viewers).await.unwrap();
    let forecast = ForecastMetrics { metric_name: "viewer_count".into(), ..ForecastMetrics::default() };
    assert_eq!(client.call(&forecast).await.unwrap().status, "no_data");
    let clip = DetectContentPerformance {
        content_id: "clip".into(),
        engagement_metrics: [("views".into(), 3.0)].into(),
    };
    assert_eq!(client.call(&clip).await.unwrap().compared_with, 0);
    assert_eq!(client.call(&GetRealTimeDashboard {}).await.unwrap().current_metrics.viewer_count, Some(12.0));
    let ben = client.call(&GetViewerInsights { username: "ben".into() }).await.unwrap();
    assert!(matches!(ben, Viewer::Known(known) if known.message_count == 1));
    let nobody = client.call(&GetViewerInsights { username: "nobody".into() }).await.unwrap();
    assert!(matches!(nobody, Viewer::Stranger(_)));
    assert!(client.call(&RetractMessage { message_id: "m-1".into() }).await.unwrap().counted);
    assert_eq!(client.call(&EraseUser { user: "ben".into() }).await.unwrap().user, "ben");
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn a_refusal_says_why() {
    let client = client();
    let refused = client.call(&RetrieveMemories { k: 0, ..RetrieveMemories::default() }).await;
    assert!(matches!(refused, Err(Error::Refused(error)) if error.code == Code::BadParams));
    let how = How { deadline: Some(Duration::ZERO), ..How::default() };
    assert!(client.call_so(&Health {}, how).await.is_err());
    let how = How { id: Some("same".into()), ..How::default() };
    let (one, other) = tokio::join!(
        client.call_so(&GetMemoryStats {}, how.clone()),
        client.call_so(&GetMemoryStats {}, how)
    );
    assert!(one.is_ok() && matches!(other, Err(Error::IdInUse(id)) if id == "same"));
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn a_repeated_id_does_nothing_twice() {
    let client = client();
    for durable in [false, true] {
        let said = format!("I have {} cats", if durable { "two" } else { "three" });
        let mut found = BTreeSet::new();
        for _ in 0..3 {
            let how = How { id: Some(format!("twice-{durable}")), durable, ..How::default() };
            let note = StoreMemory { content: said.clone(), ..StoreMemory::default() };
            found.insert(client.call_so(&note, how).await.unwrap());
        }
        assert_eq!(found.len(), 1);
        let asked = RetrieveMemories { query: said.clone(), k: 20, ..RetrieveMemories::default() };
        let memories = client.call(&asked).await.unwrap();
        assert_eq!(memories.iter().find(|memory| memory.content == said).unwrap().count, 1);
    }
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn an_overloaded_worker_is_given_time() {
    let client = client();
    let said: Vec<_> = (0..64)
        .map(|i| AnalyzeMessage { text: format!("line {i}"), username: "anna".into(), context: None })
        .collect();
    let client = &std::sync::Arc::new(client);
    let tasks: Vec<_> = said
        .into_iter()
        .map(|call| {
            let client = std::sync::Arc::clone(client);
            tokio::spawn(async move { (call.text.clone(), client.call(&call).await.unwrap().text) })
        })
        .collect();
    for task in tasks {
        let (said, heard) = task.await.unwrap();
        assert_eq!(said, heard);
    }
}

/// Have Redis cut connections: everybody's but this one.
async fn cut(kind: &str) {
    let mut stream = TcpStream::connect(variable("HIKARI_ENGINE_REDIS")).await.unwrap();
    let words: [&[u8]; 4] = [b"CLIENT", b"KILL", b"TYPE", kind.as_bytes()];
    stream.write_all(&hikari_engine::resp::command(&words)).await.unwrap();
    let mut answer = [0; 64];
    let length = stream.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b":"), "{:?}", String::from_utf8_lossy(&answer[..length]));
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn connections_that_are_cut_lose_no_call() {
    let client = client();
    for i in 0..6 {
        let content = format!("they moved to town number {i}");
        let note = StoreMemory { content: content.clone(), ..StoreMemory::default() };
        let how = How { durable: i % 2 == 0, ..How::default() };
        let (stored, ()) = tokio::join!(client.call_so(&note, how), async {
            cut("pubsub").await;
            cut("normal").await;
        });
        let memory_id = stored.unwrap();
        let asked = RetrieveMemories { query: content.clone(), k: 50, ..RetrieveMemories::default() };
        let memories = client.call(&asked).await.unwrap();
        let found: Vec<_> = memories.iter().filter(|memory| memory.content == content).collect();
        assert_eq!((found.len(), &found[0].id, found[0].count), (1, &memory_id, 1));
    }
}

#[tokio::test]
#[ignore = "needs a Redis, and a worker that comes later"]
async fn a_durable_call_waits_for_a_worker() {
    let note = StoreMemory { content: "said before anybody listened".into(), ..StoreMemory::default() };
    let how = How { durable: true, ..How::default() };
    assert!(client().call_so(&note, how).await.unwrap().starts_with("mem-"));
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn events_come_in_order() {
    let client = client();
    let mut messages = client.bus().subscribe(&events_of(CHANNEL)).await.unwrap();
    for i in 0..3 {
        client.call(&line("mika", &format!("event number {i}"), &format!("e-{i}"))).await.unwrap();
    }
    let (mut numbers, mut heard) = (Numbers::default(), Vec::new());
    while heard.len() < 3 {
        let data = timeout(Duration::from_secs(20), messages.next()).await.unwrap().unwrap();
        let event: Event = decode(&data).unwrap();
        let lost = numbers.lost_before(&event);
        assert!(matches!(lost, None | Some(0)), "{lost:?}");
        if let Happened::Message(insight) = event.happened().unwrap() {
            heard.extend(insight.message_id.filter(|id| id.starts_with("e-")));
        }
    }
    assert_eq!(heard, ["e-0", "e-1", "e-2"]);
}

fn feed(place: &str, who: Hello) -> Feed<PlainDial> {
    Feed::new(PlainDial::new(&variable(place)).unwrap(), who)
}

fn who() -> Hello {
    let (channel, token) = (Some(CHANNEL.into()), Some(variable("HIKARI_ENGINE_TOKEN")));
    Hello { channel, token, ..Hello::default() }
}

async fn change(feed: &mut Feed<PlainDial>) -> Change {
    timeout(Duration::from_secs(20), feed.next()).await.expect("a change").unwrap()
}

fn lines_of(username: &str, feed: &Feed<PlainDial>) -> usize {
    let chat = feed.state().state().get("chat").and_then(|chat| chat.as_array());
    chat.map_or(0, |lines| lines.iter().filter(|line| line["username"] == username).count())
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn the_feed_is_followed_over_several_connections() {
    let client = client();
    let mut feed = feed("HIKARI_ENGINE_FEED", who());
    assert_eq!(change(&mut feed).await, Change::Snapshot);
    for round in 0..3 {
        feed.hang_up();
        client.call(&line("fay", "one more", &format!("f-{round}"))).await.unwrap();
        let mut resumed = false;
        while lines_of("fay", &feed) <= round {
            match change(&mut feed).await {
                Change::Snapshot => panic!("what was missed can be told"),
                change => resumed |= change == Change::Resumed,
            }
        }
        assert!(resumed);
    }
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn a_hole_in_the_feed_is_filled_by_a_snapshot() {
    let client = client();
    let mut feed = feed("HIKARI_ENGINE_HOLED", who());
    assert_eq!(change(&mut feed).await, Change::Snapshot);
    for i in 0..2 {
        client.call(&line("gil", "a line more", &format!("g-{i}"))).await.unwrap();
    }
    while change(&mut feed).await != Change::Snapshot {}
    while lines_of("gil", &feed) < 2 {
        change(&mut feed).await; // the snapshot is as old as the last delta
    }
}

#[tokio::test]
#[ignore = "needs a worker"]
async fn a_feed_that_turns_us_away_is_not_asked_again_and_again() {
    let stranger = Hello { token: Some("not the right one".into()), ..who() };
    let mut feed = feed("HIKARI_ENGINE_FEED", stranger);
    let told = timeout(Duration::from_secs(20), feed.next()).await.expect("an end");
    assert_eq!(told, Err(TurnedAway { code: 4401 }));
}
