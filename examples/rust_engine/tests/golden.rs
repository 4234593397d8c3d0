//! Every golden message decodes into its type, and encodes to an equal map.

use std::fs;
use std::path::PathBuf;

use hikari_engine::calls::*;
use hikari_engine::wire::{decode, encode, events_of};
use hikari_engine::{Code, Event, Frame, Happened, Reply, Request, Say};
use serde::de::DeserializeOwned;
use serde::Serialize;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

fn golden(name: &str) -> (Vec<u8>, Value) {
    let path = folder().join(name);
    let data = fs::read(path.with_extension("msgpack")).expect(name);
    let text = fs::read_to_string(path.with_extension("json")).expect(name);
    let twin = serde_json::from_str(&text).expect(name);
    assert_eq!(decode::<Value>(&data).expect(name), twin, "{name}");
    (data, twin)
}

fn names(kind: &str) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(folder().join(kind))
        .expect(kind)
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "msgpack"))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert!(!found.is_empty());
    found
}

fn whole<T: Serialize + DeserializeOwned>(name: &str) -> T {
    let (data, twin) = golden(name);
    let typed: T = decode(&data).unwrap_or_else(|error| panic!("{name}: {error}"));
    let again: Value = decode(&encode(&typed).expect(name)).expect(name);
    assert_eq!(again, twin, "{name}");
    typed
}

fn method<C: Call + DeserializeOwned>(seen: &mut Vec<String>, more: &[&str])
where
    C::Answer: Serialize,
{
    let request: Request<C> = whole(&format!("request/{}", C::METHOD));
    assert_eq!(request.method, C::METHOD);
    seen.push(C::METHOD.into());
    for name in [&[C::METHOD], more].concat() {
        let reply: Reply<C::Answer> = whole(&format!("reply/{name}"));
        assert!(reply.ok && reply.error.is_none());
        if name != C::METHOD {
            seen.push(name.into());
        }
    }
}

#[test]
fn calls_and_replies_of_every_method() {
    let mut seen = Vec::new();
    method::<AnalyzeMessage>(&mut seen, &[]);
    method::<StoreMemory>(&mut seen, &[]);
    method::<RetrieveMemories>(&mut seen, &[]);
    method::<GetContextSummary>(&mut seen, &[]);
    method::<Summarize>(&mut seen, &[]);
    method::<FindAssociations>(&mut seen, &[]);
    method::<GetMemoryStats>(&mut seen, &[]);
    method::<Consolidate>(&mut seen, &[]);
    method::<ForgetMemory>(&mut seen, &[]);
    method::<EraseUser>(&mut seen, &[]);
    method::<ProcessChatMessage>(&mut seen, &[]);
    method::<RecordMetric>(&mut seen, &[]);
    method::<RetractMessage>(&mut seen, &[]);
    method::<GetViewerInsights>(&mut seen, &["get_viewer_insights_no_data"]);
    method::<ForecastMetrics>(&mut seen, &["forecast_metrics_no_data"]);
    method::<DetectContentPerformance>(&mut seen, &[]);
    method::<GetRealTimeDashboard>(&mut seen, &["get_real_time_dashboard_busy"]);
    method::<Perceive>(&mut seen, &[]);
    method::<Health>(&mut seen, &[]);
    seen.sort();
    assert_eq!(seen, names("reply"));
    assert!(names("request").iter().all(|name| seen.contains(name)));
}

#[test]
fn errors_of_every_code() {
    for name in names("error") {
        let reply: Reply<Value> = whole(&format!("error/{name}"));
        let error = reply.error.expect("an error");
        assert!(!reply.ok && error.code != Code::Unknown, "{name}");
        assert_eq!(error.retry_after_ms().is_some(), error.code == Code::Overloaded);
    }
}

#[test]
fn names_of_channels_are_folded() {
    for (channel, named) in [("MIKA", "mika"), ("Straße", "strasse"), ("ΟΔΟΣ", "οδοσ"), ("οδος", "οδοσ")]
    {
        assert_eq!(events_of(channel), format!("hikari.events.{named}"));
    }
}

#[test]
fn events_of_every_type() {
    for name in names("event") {
        let event: Event = whole(&format!("event/{name}"));
        assert_eq!(event.kind, name);
        let happened = event.happened().expect(&name);
        assert!(!matches!(happened, Happened::Other(_)), "{name}");
        assert_eq!(serde_json::to_value(happened).unwrap(), event.data, "{name}");
    }
}

#[test]
fn frames_of_the_feed() {
    for name in names("feed") {
        if name.starts_with("hello") {
            assert!(matches!(whole(&format!("feed/{name}")), Say::Hello(_)));
        } else if name == "ask" {
            assert_eq!(whole::<Say>("feed/ask"), Say::Snapshot);
        } else {
            whole::<Frame>(&format!("feed/{name}"));
        }
    }
}

#[test]
fn keys_that_were_added_or_left_out_do_no_harm() {
    let told = serde_json::json!({
        "v": 1, "id": "a", "ok": true, "new": [1, {"deep": null}],
        "result": {"text": "hi", "method": "extractive", "newer": true},
    });
    let reply: Reply<hikari_engine::results::Summary> = decode(&encode(&told).unwrap()).unwrap();
    let summary = reply.result.unwrap();
    assert_eq!((summary.text.as_str(), summary.memories.len()), ("hi", 0));
}

#[test]
fn a_code_and_an_event_that_are_newer_are_taken() {
    let told = serde_json::json!({"code": "tired", "message": "later"});
    let error: hikari_engine::ErrorObject = decode(&encode(&told).unwrap()).unwrap();
    assert_eq!(error.code, Code::Unknown);
    let told =
        serde_json::json!({"v": 1, "seq": 1, "epoch": "e", "type": "dance", "at": 0, "data": {"a": 1}});
    let event: Event = decode(&encode(&told).unwrap()).unwrap();
    assert!(matches!(event.happened().unwrap(), Happened::Other(_)));
}

#[test]
fn structs_are_written_as_maps_with_names() {
    let data = encode(&Summarize::default()).unwrap();
    assert_eq!(decode::<Value>(&data).unwrap(), serde_json::json!({"topic": "", "max_length": 500}));
}
