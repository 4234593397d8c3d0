//! What carries the messages. Implement these for the Redis and WebSocket libraries of your engine.

use std::future::Future;
use std::io;

/// A Redis, as far as a client of Hikari needs it.
pub trait Bus: Send + Sync + 'static {
    type Messages: Messages;

    /// PUBLISH.
    fn publish(&self, channel: &str, data: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// XADD with an id that Redis chooses.
    fn append(&self, stream: &str, field: &str, data: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// SUBSCRIBE, on a connection of its own; returns when Redis has said yes.
    fn subscribe(&self, channel: &str) -> impl Future<Output = io::Result<Self::Messages>> + Send;
}

/// What is published on a channel.
pub trait Messages: Send + 'static {
    /// The next message; an error means that the connection is lost. May be cancelled without losing one.
    fn next(&mut self) -> impl Future<Output = io::Result<Vec<u8>>> + Send;
}

/// Connects to a feed.
pub trait Dial: Send + 'static {
    type Socket: Socket;

    /// A new connection that speaks `hikari.v1.msgpack`.
    fn dial(&self) -> impl Future<Output = io::Result<Self::Socket>> + Send;
}

/// What comes over a WebSocket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A binary message.
    Message(Vec<u8>),
    /// The server has closed, and with which code, if it said so.
    Closed(Option<u16>),
}

/// A WebSocket of a feed.
pub trait Socket: Send + 'static {
    /// Send a binary message.
    fn send(&mut self, data: Vec<u8>) -> impl Future<Output = io::Result<()>> + Send;

    /// The next binary message, or that there will be none. May be cancelled without losing one.
    fn receive(&mut self) -> impl Future<Output = io::Result<Received>> + Send;
}
