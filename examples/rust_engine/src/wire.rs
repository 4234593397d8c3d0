//! The envelopes: what every call, reply and event looks like, whatever it is about.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::results::{
    Alert, Erased, Expression, Insight, Moment, Mood, Raid, Retracted, Source, StoredLine, Stream,
};
use crate::Map;

pub const VERSION: u32 = 1;
pub const REQUESTS: &str = "hikari.requests";
pub const DURABLE: &str = "hikari.requests.durable";
pub const FIELD: &str = "data";

/// Where the events of a channel are published; capitals make no other channel.
pub fn events_of(channel: &str) -> String {
    format!("hikari.events.{}", channel.chars().map(folded).collect::<String>())
}

/// A character in Unicode's full case folding: `ß` is `ss`, and a final sigma one like the others.
fn folded(character: char) -> String {
    match character {
        'ı' => character.into(),
        // Cherokee is folded to capitals.
        '\u{13a0}'..='\u{13fd}' | '\u{ab70}'..='\u{abbf}' => character.to_uppercase().collect(),
        _ => {
            let capitals = character.to_lowercase().flat_map(char::to_uppercase);
            capitals.flat_map(char::to_lowercase).collect()
        }
    }
}

/// A call; `params` are those of its method (see [`crate::calls`]).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request<P> {
    pub v: u32,
    pub id: String,
    pub method: String,
    pub params: P,
    /// Where the reply is published; without it nobody is told.
    pub reply_to: Option<String>,
    /// None is the channel "default".
    pub channel: Option<String>,
    /// Epoch milliseconds after which nobody waits for the reply.
    pub deadline_ms: Option<i64>,
}

/// The reply to a call: a result, or an error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound(deserialize = "R: DeserializeOwned"))]
pub struct Reply<R> {
    pub v: u32,
    pub id: String,
    pub ok: bool,
    #[serde(default = "nothing")]
    pub result: Option<R>,
    #[serde(default)]
    pub error: Option<ErrorObject>,
}

fn nothing<R>() -> Option<R> {
    None
}

/// Of a reply, only whose it is.
#[derive(Debug, Deserialize)]
pub struct ReplyId {
    pub id: String,
}

/// What went wrong, in a word for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ErrorObject {
    pub code: Code,
    pub message: String,
    #[serde(default)]
    pub details: Map,
}

impl ErrorObject {
    /// When to come again, if it said so.
    pub fn retry_after_ms(&self) -> Option<u64> {
        self.details.get("retry_after_ms").and_then(Value::as_u64)
    }
}

/// The kinds of errors; one that is newer than this crate is `Unknown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    BadRequest,
    UnknownMethod,
    BadParams,
    DeadlineExceeded,
    Overloaded,
    Unavailable,
    Internal,
    UnsupportedVersion,
    #[serde(other)]
    Unknown,
}

impl Code {
    /// Whether the same call may succeed later.
    pub fn may_pass(self) -> bool {
        matches!(self, Code::Overloaded | Code::Unavailable)
    }
}

/// Something that happened in a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub v: u32,
    /// Rises by one an event within an epoch: a hole means that some were lost.
    pub seq: u64,
    /// Changes when the channel is opened anew.
    pub epoch: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Epoch milliseconds.
    pub at: i64,
    pub data: Value,
}

/// What an [`Event`] tells; `Other` is of a type that is newer than this crate.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Happened {
    Message(Box<Insight>),
    Memory(StoredLine),
    Moment(Moment),
    Alert(Alert),
    Mood(Mood),
    Expression(Box<Expression>),
    Raid(Raid),
    Stream(Stream),
    Source(Source),
    Retracted(Retracted),
    Erased(Erased),
    Other(Value),
}

impl Event {
    /// The data by its type.
    pub fn happened(&self) -> Result<Happened, serde_json::Error> {
        let data = self.data.clone();
        Ok(match self.kind.as_str() {
            "message" => Happened::Message(serde_json::from_value(data)?),
            "memory" => Happened::Memory(serde_json::from_value(data)?),
            "moment" => Happened::Moment(serde_json::from_value(data)?),
            "alert" => Happened::Alert(serde_json::from_value(data)?),
            "mood" => Happened::Mood(serde_json::from_value(data)?),
            "expression" => Happened::Expression(serde_json::from_value(data)?),
            "raid" => Happened::Raid(serde_json::from_value(data)?),
            "stream" => Happened::Stream(serde_json::from_value(data)?),
            "source" => Happened::Source(serde_json::from_value(data)?),
            "retracted" => Happened::Retracted(serde_json::from_value(data)?),
            "erased" => Happened::Erased(serde_json::from_value(data)?),
            _ => Happened::Other(data),
        })
    }
}

/// Follows the numbers of a channel's events.
#[derive(Debug, Default)]
pub struct Numbers {
    last: Option<(String, u64)>,
}

impl Numbers {
    /// How many events were lost before this one; None where that cannot be known, as after a restart.
    pub fn lost_before(&mut self, event: &Event) -> Option<u64> {
        let lost = match &self.last {
            Some((epoch, seq)) if *epoch == event.epoch => event.seq.checked_sub(seq + 1),
            _ => None,
        };
        self.last = Some((event.epoch.clone(), event.seq));
        lost
    }
}

/// The bytes of a message: maps with names as keys, which `rmp_serde::to_vec` would not write.
pub fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, rmp_serde::encode::Error> {
    rmp_serde::to_vec_named(message)
}

/// The message that bytes are.
pub fn decode<T: DeserializeOwned>(data: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(data)
}
