//! The feed without a socket: frames in, the state they lead to, and what must be said to go on.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Map;

/// What a client says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Say {
    /// First of all.
    Hello(Hello),
    /// Everything again, because a frame is missing.
    Snapshot,
}

/// Who is there; with `epoch` and `seq` it asks for what it missed since.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// None is the first that is served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Needed where one is set, as it is beyond this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

/// A frame of the server. Every one counts in `seq`, also of a type that this crate does not know.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Frame {
    #[serde(rename = "type")]
    pub kind: String,
    pub epoch: String,
    pub seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Map>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovered: Option<bool>,
    /// Of a snapshot and of `resumed`: whose feed it is, the time between two deltas, and between two pings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heartbeat_ms: Option<u64>,
}

/// What a frame changed.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The state is new as a whole; what happened before may not have been told.
    Snapshot,
    /// Everything that was missed follows.
    Resumed,
    /// The state has changed by this merge patch.
    Delta(Map),
    /// Something happened, of which the state says nothing.
    Event { kind: String, data: Map },
    /// A frame of a newer server.
    Other,
}

/// A frame is missing: say [`Say::Snapshot`]. What comes until the answer is a gap as well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    pub expected: u64,
    pub found: u64,
}

/// The state as the server has it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FeedState {
    position: Option<(String, u64)>,
    state: Map,
}

impl FeedState {
    /// The state as of the last frame.
    pub fn state(&self) -> &Map {
        &self.state
    }

    /// Epoch and number of the last frame; None before the first.
    pub fn position(&self) -> Option<(&str, u64)> {
        self.position.as_ref().map(|(epoch, seq)| (epoch.as_str(), *seq))
    }

    /// What to say first on a connection, to go on where the last one ended.
    pub fn hello(&self, who: &Hello) -> Say {
        let (epoch, seq) = self.position.clone().unzip();
        Say::Hello(Hello { epoch, seq, ..who.clone() })
    }

    /// Take in a frame.
    pub fn apply(&mut self, frame: Frame) -> Result<Change, Gap> {
        if frame.kind == "snapshot" {
            self.position = Some((frame.epoch, frame.seq));
            self.state = frame.data.unwrap_or_default();
            return Ok(Change::Snapshot);
        }
        let step = u64::from(frame.kind != "resumed");
        match &mut self.position {
            Some((epoch, seq)) if *epoch == frame.epoch && *seq + step == frame.seq => *seq = frame.seq,
            other => {
                let expected = other.as_ref().map_or(0, |(_, seq)| *seq + step);
                return Err(Gap { expected, found: frame.seq });
            }
        }
        let data = frame.data.unwrap_or_default();
        Ok(match frame.kind.as_str() {
            "resumed" => Change::Resumed,
            "delta" => {
                merge(&mut self.state, &data);
                Change::Delta(data)
            }
            "event" => Change::Event { kind: frame.event.unwrap_or_default(), data },
            _ => Change::Other,
        })
    }
}

/// Apply a JSON merge patch (RFC 7396).
pub fn merge(state: &mut Map, patch: &Map) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                state.remove(name);
            }
            Value::Object(inner) => {
                let known = state.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
                if !known.is_object() {
                    *known = Value::Object(Map::new());
                }
                if let Value::Object(known) = known {
                    merge(known, inner);
                }
            }
            other => {
                state.insert(name.clone(), other.clone());
            }
        }
    }
}
