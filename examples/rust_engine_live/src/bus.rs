//! Redis through redis-rs: passwords, TLS, databases, and many commands at a time on one connection.

use std::io;
use std::time::Duration;

use futures_util::StreamExt;
use hikari_engine::{Bus, Messages};
use redis::aio::{ConnectionManager, PubSubSink, PubSubStream};
use redis::{Client, Cmd, RedisResult, Value};
use tokio::time::timeout;

const QUIET: Duration = Duration::from_secs(5);

/// A Redis at `redis://...`.
pub struct RedisBus {
    client: Client,
    commands: ConnectionManager,
}

impl RedisBus {
    /// Connects at once, and again by itself whenever the connection is lost.
    pub async fn connect(url: &str) -> RedisResult<Self> {
        let client = Client::open(url)?;
        let commands = client.get_connection_manager().await?;
        Ok(Self { client, commands })
    }

    async fn run(&self, command: Cmd) -> io::Result<()> {
        command.exec_async(&mut self.commands.clone()).await.map_err(io::Error::other)
    }
}

impl Bus for RedisBus {
    type Messages = RedisMessages;

    async fn publish(&self, channel: &str, data: &[u8]) -> io::Result<()> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(channel).arg(data);
        self.run(command).await
    }

    async fn append(&self, stream: &str, field: &str, data: &[u8]) -> io::Result<()> {
        let mut command = redis::cmd("XADD");
        command.arg(stream).arg("*").arg(field).arg(data);
        self.run(command).await
    }

    async fn subscribe(&self, channel: &str) -> io::Result<RedisMessages> {
        let mut connection = self.client.get_async_pubsub().await.map_err(io::Error::other)?;
        connection.subscribe(channel).await.map_err(io::Error::other)?;
        let (sink, stream) = connection.split();
        Ok(RedisMessages { sink, stream })
    }
}

/// What is published on a channel.
pub struct RedisMessages {
    sink: PubSubSink,
    stream: PubSubStream,
}

impl Messages for RedisMessages {
    async fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            // A connection can be dead without anybody being told: a silent one has to answer a ping.
            match timeout(QUIET, self.stream.next()).await {
                Ok(Some(message)) => return message.get_payload().map_err(io::Error::other),
                Ok(None) => return Err(io::ErrorKind::ConnectionAborted.into()),
                Err(_) => {
                    let pong = timeout(QUIET, self.sink.ping::<Value>()).await;
                    pong.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?.map_err(io::Error::other)?;
                }
            }
        }
    }
}
