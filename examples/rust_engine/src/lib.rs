//! Speaks with Hikari from Rust: typed calls and events over Redis, and the WebSocket feed.
//!
//! The messages and their handling ([`wire`], [`calls`], [`results`], [`feed`]) know nothing of sockets. What
//! carries them is behind two small traits, [`transport::Bus`] for Redis and [`transport::Dial`] for the
//! feed; [`resp`] and [`websocket`] are the plainest that work, on a tokio socket alone.

pub mod calls;
pub mod client;
pub mod feed;
pub mod feed_client;
pub mod resp;
pub mod results;
pub mod transport;
pub mod websocket;
pub mod wire;

pub use client::{Client, Error, How, Options};
pub use feed::{Change, FeedState, Frame, Hello, Say};
pub use feed_client::{Feed, TurnedAway};
pub use transport::{Bus, Dial, Messages, Received, Socket};
pub use wire::{Code, ErrorObject, Event, Happened, Reply, Request};

/// A JSON object: what has no fixed keys.
pub type Map = serde_json::Map<String, serde_json::Value>;
