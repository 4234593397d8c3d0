//! The state of a feed is its snapshot and every delta since; a hole is seen.

use std::path::Path;
use std::sync::Mutex;
use std::{fs, io};

use hikari_engine::feed::merge;
use hikari_engine::wire::{decode, encode};
use hikari_engine::{Change, Dial, Feed, FeedState, Frame, Hello, Received, Say, Socket, TurnedAway};
use serde_json::{json, Value};

fn golden(name: &str) -> Frame {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/feed").join(name);
    decode(&fs::read(path.with_extension("msgpack")).expect(name)).expect(name)
}

fn frame(kind: &str, epoch: &str, seq: u64, data: Value) -> Frame {
    let data = data.as_object().cloned();
    Frame { kind: kind.into(), epoch: epoch.into(), seq, data, ..Frame::default() }
}

#[test]
fn the_golden_frames_lead_to_the_golden_state() {
    let mut state = FeedState::default();
    assert_eq!(state.apply(golden("snapshot")), Ok(Change::Snapshot));
    assert_eq!(state.apply(golden("resumed")), Ok(Change::Resumed));
    assert!(matches!(state.apply(golden("event")), Ok(Change::Event { kind, .. }) if kind == "memory"));
    assert!(matches!(state.apply(golden("delta")), Ok(Change::Delta(_))));
    let later = golden("snapshot_not_recovered");
    assert_eq!(later.recovered, Some(false));
    assert_eq!(Some(state.state()), later.data.as_ref());
    assert_eq!(state.position(), Some((later.epoch.as_str(), later.seq)));
}

#[test]
fn a_merge_patch_does_what_its_rfc_says() {
    let cases = [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b"}), json!({"a": null}), json!({})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": "foo"}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ];
    for (before, patch, after) in cases {
        let mut state = before.as_object().cloned().unwrap();
        merge(&mut state, patch.as_object().unwrap());
        assert_eq!(Value::Object(state), after, "{before} {patch}");
    }
}

#[test]
fn a_hole_another_epoch_and_a_delta_before_the_snapshot_are_seen() {
    let mut state = FeedState::default();
    assert!(state.apply(frame("delta", "e", 1, json!({"a": 1}))).is_err());
    state.apply(frame("snapshot", "e", 5, json!({"a": 0}))).unwrap();
    for wrong in [7, 5, 0] {
        assert_eq!(state.apply(frame("delta", "e", wrong, json!({"a": 9}))).unwrap_err().expected, 6);
    }
    assert!(state.apply(frame("event", "other", 6, json!({}))).is_err());
    assert!(state.apply(frame("resumed", "e", 4, json!({}))).is_err());
    assert_eq!(state.state()["a"], 0);
    let who = Hello { channel: Some("mika".into()), ..Hello::default() };
    let again = Hello { epoch: Some("e".into()), seq: Some(5), ..who.clone() };
    assert_eq!(state.hello(&who), Say::Hello(again));
    assert_eq!(state.apply(frame("snapshot", "other", 9, json!({}))), Ok(Change::Snapshot));
    assert!(state.apply(frame("event", "other", 10, json!({}))).is_ok());
}

#[test]
fn a_frame_of_a_newer_server_counts() {
    let mut state = FeedState::default();
    state.apply(frame("snapshot", "e", 1, json!({}))).unwrap();
    assert_eq!(state.apply(frame("wink", "e", 2, json!({}))), Ok(Change::Other));
    assert!(state.apply(frame("delta", "e", 3, json!({"a": 1}))).is_ok());
}

#[test]
fn a_snapshot_in_between_is_where_to_go_on_from() {
    let mut state = FeedState::default();
    state.apply(frame("snapshot", "e", 1, json!({"a": 1, "b": 1}))).unwrap();
    state.apply(frame("snapshot", "e", 9, json!({"a": 2}))).unwrap();
    state.apply(frame("delta", "e", 10, json!({"c": 3}))).unwrap();
    assert_eq!(Value::Object(state.state().clone()), json!({"a": 2, "c": 3}));
}

/// Closes each connection with the last of the codes that are left; then it serves the golden snapshot.
struct Opening(Mutex<Vec<u16>>);

struct Door(Option<u16>);

impl Dial for Opening {
    type Socket = Door;

    async fn dial(&self) -> io::Result<Door> {
        Ok(Door(self.0.lock().unwrap().pop()))
    }
}

impl Socket for Door {
    async fn send(&mut self, _: Vec<u8>) -> io::Result<()> {
        Ok(())
    }

    async fn receive(&mut self) -> io::Result<Received> {
        Ok(match self.0 {
            Some(code) => Received::Closed(Some(code)),
            None => Received::Message(encode(&golden("snapshot")).expect("a frame")),
        })
    }
}

#[tokio::test]
async fn a_channel_that_is_still_being_opened_is_waited_for() {
    let mut feed = Feed::new(Opening(Mutex::new(vec![4401, 4410, 4404])), Hello::default());
    assert_eq!(feed.next().await, Err(TurnedAway { code: 4401 }));
    assert_eq!(feed.closed(), Some(4401));
    assert_eq!(feed.next().await, Ok(Change::Snapshot));
    assert_eq!(feed.closed(), None);
}
