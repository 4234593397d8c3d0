//! The feed through tokio-tungstenite, which answers pings as long as somebody reads.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hikari_engine::{Dial, Received, Socket};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Message};
use tokio_tungstenite::{connect_async_with_config, MaybeTlsStream, WebSocketStream};

const PATIENCE: Duration = Duration::from_secs(10);
const QUIET: Duration = Duration::from_secs(20);
const MOST_BYTES: usize = 16 << 20;

/// A feed at `ws://...` or, with the TLS features, `wss://...`.
#[derive(Debug, Clone)]
pub struct WsDial {
    pub url: String,
}

impl Dial for WsDial {
    type Socket = WsSocket;

    async fn dial(&self) -> io::Result<WsSocket> {
        let mut request = self.url.as_str().into_client_request().map_err(io::Error::other)?;
        let protocol = HeaderValue::from_static("hikari.v1.msgpack");
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let limits =
            WebSocketConfig::default().max_message_size(Some(MOST_BYTES)).max_frame_size(Some(MOST_BYTES));
        let connecting = connect_async_with_config(request, Some(limits), true);
        let connected = timeout(PATIENCE, connecting).await.map_err(|_| io::ErrorKind::TimedOut)?;
        let (stream, _) = connected.map_err(io::Error::other)?;
        Ok(WsSocket { stream, pinged: false })
    }
}

/// A connection to a feed.
pub struct WsSocket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pinged: bool,
}

impl Socket for WsSocket {
    async fn send(&mut self, data: Vec<u8>) -> io::Result<()> {
        self.stream.send(Message::binary(data)).await.map_err(io::Error::other)
    }

    async fn receive(&mut self) -> io::Result<Received> {
        loop {
            let message = match timeout(QUIET, self.stream.next()).await {
                Ok(Some(message)) => message.map_err(io::Error::other)?,
                Ok(None) => return Ok(Received::Closed(None)),
                Err(_) if self.pinged => return Err(io::ErrorKind::TimedOut.into()),
                Err(_) => {
                    self.pinged = true;
                    self.stream.send(Message::Ping(Bytes::new())).await.map_err(io::Error::other)?;
                    continue;
                }
            };
            self.pinged = false;
            match message {
                Message::Binary(data) => return Ok(Received::Message(data.to_vec())),
                Message::Close(said) => return Ok(Received::Closed(said.map(|said| said.code.into()))),
                _ => {}
            }
        }
    }
}
