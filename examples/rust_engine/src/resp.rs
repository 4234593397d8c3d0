//! The plainest Redis client that will do: no password, no TLS, one command at a time.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;

use crate::client::gone;
use crate::transport::{Bus, Messages};

const QUIET: Duration = Duration::from_secs(5);
const MOST_BYTES: usize = 16 << 20;
const MOST_DEPTH: usize = 4;

/// A value of RESP2, the protocol of Redis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Option<Vec<u8>>),
    Array(Vec<Value>),
}

/// A command as Redis takes it.
pub fn command(words: &[&[u8]]) -> Vec<u8> {
    let mut out = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// The first value of `data` and its length in bytes; None if it is not whole yet.
pub fn parse(data: &[u8]) -> io::Result<Option<(Value, usize)>> {
    parse_at(data, 0, MOST_DEPTH)
}

fn parse_at(data: &[u8], begin: usize, depth: usize) -> io::Result<Option<(Value, usize)>> {
    let Some(length) = data[begin..].windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let line =
        std::str::from_utf8(&data[begin..begin + length]).map_err(|_| bad("a line that is no text"))?;
    let after = begin + length + 2;
    let (kind, rest) = line.split_at(line.chars().next().map_or(0, char::len_utf8));
    let value = match kind {
        "+" => Value::Simple(rest.into()),
        "-" => Value::Error(rest.into()),
        ":" => Value::Integer(number(rest)?),
        "$" => return bulk(data, after, number(rest)?),
        "*" if depth > 0 => return array(data, after, number(rest)?, depth),
        _ => return Err(bad("a value of no known type")),
    };
    Ok(Some((value, after)))
}

fn bulk(data: &[u8], begin: usize, length: i64) -> io::Result<Option<(Value, usize)>> {
    let Ok(length) = usize::try_from(length) else {
        return Ok(Some((Value::Bulk(None), begin)));
    };
    if length > MOST_BYTES {
        return Err(bad("a value that is too long"));
    }
    let end = begin + length;
    Ok(data.get(begin..end + 2).map(|found| (Value::Bulk(Some(found[..length].to_vec())), end + 2)))
}

fn array(data: &[u8], begin: usize, length: i64, depth: usize) -> io::Result<Option<(Value, usize)>> {
    let (mut values, mut at) = (Vec::new(), begin);
    for _ in 0..length {
        let Some((value, after)) = parse_at(data, at, depth - 1)? else {
            return Ok(None);
        };
        values.push(value);
        at = after;
    }
    Ok(Some((Value::Array(values), at)))
}

fn number(text: &str) -> io::Result<i64> {
    text.parse().map_err(|_| bad("a length that is no number"))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("Redis sent {what}"))
}

struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    async fn open(address: &str) -> io::Result<Self> {
        let stream =
            timeout(QUIET, TcpStream::connect(address)).await.map_err(|_| gone("no connection"))??;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    async fn send(&mut self, words: &[&[u8]]) -> io::Result<()> {
        self.stream.write_all(&command(words)).await
    }

    /// The next value; what has been read of it stays in the buffer if this is cancelled.
    async fn receive(&mut self) -> io::Result<Value> {
        loop {
            if let Some((value, length)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return match value {
                    Value::Error(why) => Err(io::Error::other(why)),
                    value => Ok(value),
                };
            }
            if self.buffer.len() > 2 * MOST_BYTES {
                return Err(bad("more than can be kept"));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(gone("Redis has closed the connection"));
            }
        }
    }
}

/// A Redis at `host:port`.
pub struct RespBus {
    address: String,
    idle: Mutex<Option<Connection>>,
}

impl RespBus {
    /// Connects when it is first used, and again when a connection is lost.
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), idle: Mutex::new(None) }
    }

    async fn run(&self, words: &[&[u8]]) -> io::Result<()> {
        let mut idle = self.idle.lock().await;
        let mut connection = match idle.take() {
            Some(connection) => connection,
            None => Connection::open(&self.address).await?,
        };
        connection.send(words).await?;
        timeout(QUIET, connection.receive()).await.map_err(|_| gone("Redis does not answer"))??;
        *idle = Some(connection); // one that failed, or was left halfway, is not used again
        Ok(())
    }
}

impl Bus for RespBus {
    type Messages = RespMessages;

    async fn publish(&self, channel: &str, data: &[u8]) -> io::Result<()> {
        self.run(&[b"PUBLISH", channel.as_bytes(), data]).await
    }

    async fn append(&self, stream: &str, field: &str, data: &[u8]) -> io::Result<()> {
        self.run(&[b"XADD", stream.as_bytes(), b"*", field.as_bytes(), data]).await
    }

    async fn subscribe(&self, channel: &str) -> io::Result<RespMessages> {
        let mut connection = Connection::open(&self.address).await?;
        connection.send(&[b"SUBSCRIBE", channel.as_bytes()]).await?;
        timeout(QUIET, connection.receive()).await.map_err(|_| gone("Redis does not answer"))??;
        Ok(RespMessages { connection, pinged: false })
    }
}

/// What is published on a channel.
pub struct RespMessages {
    connection: Connection,
    pinged: bool,
}

impl Messages for RespMessages {
    async fn next(&mut self) -> io::Result<Vec<u8>> {
        loop {
            // A connection can be dead without anybody being told: a silent one has to answer a ping.
            match timeout(QUIET, self.connection.receive()).await {
                Ok(value) => {
                    self.pinged = false;
                    if let Some(data) = message(value?) {
                        return Ok(data);
                    }
                }
                Err(_) if self.pinged => return Err(gone("Redis does not answer a ping")),
                Err(_) => {
                    self.pinged = true;
                    self.connection.send(&[b"PING"]).await?;
                }
            }
        }
    }
}

/// The data of a message; None of whatever else is told to a subscriber.
fn message(value: Value) -> Option<Vec<u8>> {
    let Value::Array(parts) = value else { return None };
    match <[Value; 3]>::try_from(parts).ok()? {
        [Value::Bulk(Some(kind)), _, Value::Bulk(Some(data))] if kind == b"message" => Some(data),
        _ => None,
    }
}
