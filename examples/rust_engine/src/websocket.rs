//! The plainest WebSocket (RFC 6455) that will do for a feed on this machine: no TLS, no compression, and the
//! server's `Sec-WebSocket-Accept` is not checked. Elsewhere, use a library.

use std::io;
use std::time::Duration;

use rand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::gone;
use crate::transport::{Dial, Received, Socket};

const PATIENCE: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(20);
const MOST_BYTES: usize = 16 << 20;
const MOST_HEAD: usize = 8192;
const PROTOCOL: &str = "hikari.v1.msgpack";

const CONTINUED: u8 = 0;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// A frame as the server sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub last: bool,
    pub opcode: u8,
    pub data: Vec<u8>,
}

/// The bytes of a whole message of a client.
pub fn masked(opcode: u8, data: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut out = vec![0x80 | opcode];
    match data.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=65535 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(data.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

/// The first frame of `data` and its length in bytes; None if it is not whole yet.
pub fn parse(data: &[u8]) -> io::Result<Option<(Piece, usize)>> {
    let [first, second, ..] = *data else { return Ok(None) };
    if first & 0x70 != 0 || second & 0x80 != 0 {
        return Err(bad("a frame that no server sends"));
    }
    let (size, begin) = match second {
        126 => (2, 4),
        127 => (8, 10),
        _ => (0, 2),
    };
    let Some(written) = data.get(2..begin) else { return Ok(None) };
    let length = match size {
        0 => u64::from(second),
        _ => written.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)),
    };
    if length > MOST_BYTES as u64 {
        return Err(bad("a frame that is too long"));
    }
    let end = begin + length as usize;
    Ok(data.get(begin..end).map(|found| {
        let piece = Piece { last: first & 0x80 != 0, opcode: first & 0x0f, data: found.to_vec() };
        (piece, end)
    }))
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the feed sent {what}"))
}

/// A feed at `ws://host:port/path`.
#[derive(Debug, Clone)]
pub struct PlainDial {
    host: String,
    path: String,
}

impl PlainDial {
    /// None if `url` is not of this form.
    pub fn new(url: &str) -> Option<Self> {
        let (host, path) = url.strip_prefix("ws://")?.split_once('/')?;
        Some(Self { host: host.into(), path: format!("/{path}") })
    }

    async fn handshake(&self) -> io::Result<PlainSocket> {
        let mut stream = TcpStream::connect(&self.host).await?;
        stream.set_nodelay(true)?;
        let hello = format!(
            "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: {}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: {PROTOCOL}\r\n\r\n",
            self.path,
            self.host,
            key(),
        );
        stream.write_all(hello.as_bytes()).await?;
        let mut buffer = Vec::new();
        let end = loop {
            if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if buffer.len() > MOST_HEAD || stream.read_buf(&mut buffer).await? == 0 {
                return Err(gone("there is no feed"));
            }
        };
        let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
        if !head.starts_with("http/1.1 101") || !head.contains(PROTOCOL) {
            let line = head.lines().next().unwrap_or_default();
            return Err(bad(&format!("{line:?} for an answer")));
        }
        buffer.drain(..end);
        Ok(PlainSocket { stream, buffer, unsent: Vec::new(), message: Vec::new(), pinged: false })
    }
}

/// 16 random bytes in base64: 22 letters and two signs of padding; the last letter carries but two bits.
fn key() -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut random = rand::thread_rng();
    let mut out: String = (0..21).map(|_| LETTERS[random.gen_range(0..64)] as char).collect();
    out.push(LETTERS[16 * random.gen_range(0..4)] as char);
    out + "=="
}

impl Dial for PlainDial {
    type Socket = PlainSocket;

    async fn dial(&self) -> io::Result<PlainSocket> {
        timeout(PATIENCE, self.handshake()).await.map_err(|_| gone("the feed does not answer"))?
    }
}

/// A connection to a feed.
pub struct PlainSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
    unsent: Vec<u8>,
    message: Vec<u8>,
    pinged: bool,
}

impl PlainSocket {
    async fn say(&mut self, opcode: u8, data: &[u8]) -> io::Result<()> {
        let mask = rand::thread_rng().gen();
        self.unsent.extend(masked(opcode, data, mask));
        self.flush().await
    }

    /// Send what is waiting; if this is cancelled, the rest of it is sent the next time.
    async fn flush(&mut self) -> io::Result<()> {
        while !self.unsent.is_empty() {
            let sent = self.stream.write(&self.unsent).await?;
            self.unsent.drain(..sent);
        }
        Ok(())
    }

    async fn piece(&mut self) -> io::Result<Option<Piece>> {
        loop {
            if let Some((piece, length)) = parse(&self.buffer)? {
                self.buffer.drain(..length);
                return Ok(Some(piece));
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

impl Socket for PlainSocket {
    async fn send(&mut self, data: Vec<u8>) -> io::Result<()> {
        self.say(BINARY, &data).await
    }

    async fn receive(&mut self) -> io::Result<Received> {
        self.flush().await?;
        loop {
            let piece = match timeout(QUIET, self.piece()).await {
                Ok(piece) => piece?,
                Err(_) if self.pinged => return Err(gone("the feed does not answer a ping")),
                Err(_) => {
                    self.pinged = true;
                    self.say(PING, b"").await?;
                    continue;
                }
            };
            self.pinged = false;
            let Some(piece) = piece else { return Ok(Received::Closed(None)) };
            match piece.opcode {
                BINARY | CONTINUED => {
                    if self.message.len() + piece.data.len() > MOST_BYTES {
                        return Err(bad("a message that is too long"));
                    }
                    self.message.extend_from_slice(&piece.data);
                    if piece.last {
                        return Ok(Received::Message(std::mem::take(&mut self.message)));
                    }
                }
                PING => self.say(PONG, &piece.data).await?,
                CLOSE => {
                    let _ = self.say(CLOSE, &piece.data).await;
                    let code = piece.data.get(..2).map(|two| u16::from_be_bytes([two[0], two[1]]));
                    return Ok(Received::Closed(code));
                }
                _ => {}
            }
        }
    }
}
