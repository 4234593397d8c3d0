//! Follows a feed over any number of connections: what was missed in between is asked for.

use std::fmt;
use std::io;
use std::time::Duration;

use tokio::time::sleep;

use crate::client::pause;
use crate::feed::{Change, FeedState, Frame, Hello, Say};
use crate::transport::{Dial, Received, Socket};
use crate::wire::{decode, encode};

/// Close codes after which the same again would not help: what was said or the token is wrong.
const FINAL: [u16; 5] = [1002, 1007, 1009, 4400, 4401];
const TOO_MANY: u16 = 4429;
const REST: Duration = Duration::from_secs(60);

/// The feed does not want us, by its close code: 4401 for a missing or wrong token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TurnedAway {
    pub code: u16,
}

impl fmt::Display for TurnedAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            4401 => f.write_str("the feed wants another token"),
            code => write!(f, "the feed has closed with {code}"),
        }
    }
}

impl std::error::Error for TurnedAway {}

/// A feed and its state.
pub struct Feed<D: Dial> {
    dial: D,
    who: Hello,
    state: FeedState,
    socket: Option<D::Socket>,
    asked: bool,
    failures: u32,
    closed: Option<u16>,
}

impl<D: Dial> Feed<D> {
    /// Connects when it is first asked for a change; `who` has the channel and the token, if there is one.
    pub fn new(dial: D, who: Hello) -> Self {
        Self { dial, who, state: FeedState::default(), socket: None, asked: false, failures: 0, closed: None }
    }

    /// The state as of the last change.
    pub fn state(&self) -> &FeedState {
        &self.state
    }

    /// With which code the feed has closed since the last change: while it is 4404 the channel is not served
    /// there, or is still being opened.
    pub fn closed(&self) -> Option<u16> {
        self.closed
    }

    /// Give the connection up; the next change comes over a new one, and nothing is lost.
    pub fn hang_up(&mut self) {
        self.socket = None;
    }

    /// The next change, however long it takes and however often the connection is lost meanwhile; a channel
    /// that is not served yet is waited for. An error is for people to mend; to call it again tries again.
    pub async fn next(&mut self) -> Result<Change, TurnedAway> {
        loop {
            let code = match self.step().await {
                Ok(Step::Changed(change)) => {
                    (self.failures, self.closed) = (0, None);
                    return Ok(change);
                }
                Ok(Step::Closed(code)) => code,
                Err(_) => None,
            };
            self.closed = code.or(self.closed);
            let rest = match code {
                Some(code) if FINAL.contains(&code) => {
                    self.hang_up();
                    return Err(TurnedAway { code });
                }
                Some(TOO_MANY) => REST,
                _ => pause(self.failures),
            };
            self.hang_up();
            self.failures += 1;
            sleep(rest).await;
        }
    }

    async fn step(&mut self) -> io::Result<Step> {
        let socket = match &mut self.socket {
            Some(socket) => socket,
            empty => {
                let mut socket = self.dial.dial().await?;
                say(&mut socket, &self.state.hello(&self.who)).await?;
                self.asked = false;
                empty.insert(socket)
            }
        };
        loop {
            let data = match socket.receive().await? {
                Received::Message(data) => data,
                Received::Closed(code) => return Ok(Step::Closed(code)),
            };
            let frame: Frame = decode(&data).map_err(io::Error::other)?;
            if let Ok(change) = self.state.apply(frame) {
                self.asked = false;
                return Ok(Step::Changed(change));
            }
            if !self.asked {
                self.asked = true;
                say(socket, &Say::Snapshot).await?;
            }
        }
    }
}

async fn say(socket: &mut impl Socket, message: &Say) -> io::Result<()> {
    socket.send(encode(message).map_err(io::Error::other)?).await
}

enum Step {
    Changed(Change),
    Closed(Option<u16>),
}
