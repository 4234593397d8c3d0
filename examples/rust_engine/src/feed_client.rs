//! Follows a feed over any number of connections: what was missed in between is asked for.

use tokio::time::sleep;

use crate::client::{gone, pause};
use crate::feed::{Change, FeedState, Frame};
use crate::transport::{Dial, Socket};
use crate::wire::{decode, encode};

/// A feed and its state.
pub struct Feed<D: Dial> {
    dial: D,
    token: Option<String>,
    state: FeedState,
    socket: Option<D::Socket>,
    failures: u32,
}

impl<D: Dial> Feed<D> {
    /// Connects when it is first asked for a change; a `token` is needed beyond this machine.
    pub fn new(dial: D, token: Option<String>) -> Self {
        Self { dial, token, state: FeedState::default(), socket: None, failures: 0 }
    }

    /// The state as of the last change.
    pub fn state(&self) -> &FeedState {
        &self.state
    }

    /// Give the connection up; the next change comes over a new one, and nothing is lost.
    pub fn hang_up(&mut self) {
        self.socket = None;
    }

    /// The next change, however long it takes and however often the connection is lost meanwhile.
    pub async fn next(&mut self) -> Change {
        loop {
            match self.step().await {
                Ok(change) => {
                    self.failures = 0;
                    return change;
                }
                Err(_) => {
                    self.socket = None;
                    sleep(pause(self.failures)).await;
                    self.failures += 1;
                }
            }
        }
    }

    async fn step(&mut self) -> std::io::Result<Change> {
        let socket = match &mut self.socket {
            Some(socket) => socket,
            empty => {
                let mut socket = self.dial.dial().await?;
                let hello = self.state.hello(self.token.as_deref());
                socket.send(encode(&hello).map_err(std::io::Error::other)?).await?;
                empty.insert(socket)
            }
        };
        let data = socket.receive().await?.ok_or_else(|| gone("the feed has closed"))?;
        let frame: Frame = decode(&data).map_err(std::io::Error::other)?;
        self.state.apply(frame).map_err(|_| gone("a frame is missing"))
    }
}
