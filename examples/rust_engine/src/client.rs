//! Calls: an id, a deadline, and another try with the same id, which is answered again but not done again.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rand::Rng;
use serde::de::DeserializeOwned;
use tokio::sync::{mpsc, watch, Semaphore};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::calls::Call;
use crate::transport::{Bus, Messages};
use crate::wire::{decode, encode, ErrorObject, Reply, ReplyId, Request, DURABLE, FIELD, REQUESTS, VERSION};

const LONGEST_PAUSE: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// For so long nobody answers another try of a call whose channel found no place.
const PLACE_PAUSE: Duration = Duration::from_secs(1);
const NIL: [u8; 1] = [0xc0];

/// What holds for every call of a client.
#[derive(Debug, Clone)]
pub struct Options {
    /// None is the channel "default".
    pub channel: Option<String>,
    /// How long an answer is waited for, with all tries.
    pub deadline: Duration,
    /// How long it is waited for before the call is said again; doubles with each try.
    pub attempt: Duration,
    /// Calls on their way; more wait for their turn.
    pub max_in_flight: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            channel: None,
            deadline: Duration::from_secs(10),
            attempt: Duration::from_secs(2),
            max_in_flight: 64,
        }
    }
}

/// What holds for one call.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// Given again after a crash of the engine, the same id does nothing twice. None: a new one.
    pub id: Option<String>,
    /// Whether it waits in a stream until a worker has done it, also when none is there now.
    pub durable: bool,
    /// None: as in the options.
    pub deadline: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// Hikari answered with an error.
    Refused(ErrorObject),
    /// The deadline has passed. What changes something may have been done: ask again with the same id.
    TimedOut,
    /// A call with this id is on its way already.
    IdInUse(String),
    Encode(rmp_serde::encode::Error),
    /// The answer is not of the form that this crate knows.
    Decode(rmp_serde::decode::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(error) => write!(f, "{:?}: {}", error.code, error.message),
            Error::TimedOut => f.write_str("there was no answer before the deadline"),
            Error::IdInUse(id) => write!(f, "a call with the id {id:?} is on its way"),
            Error::Encode(error) => write!(f, "the call cannot be encoded: {error}"),
            Error::Decode(error) => write!(f, "the answer cannot be read: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// Calls Hikari over a [`Bus`]. Ends with the last reference to it.
pub struct Client<B: Bus> {
    shared: Arc<Shared<B>>,
    options: Options,
    slots: Semaphore,
    listener: JoinHandle<()>,
}

struct Shared<B> {
    bus: B,
    reply_to: String,
    waiting: Mutex<HashMap<String, mpsc::Sender<Vec<u8>>>>,
    listening: watch::Sender<bool>,
}

impl<B: Bus> Client<B> {
    /// A client that begins to listen for replies; to be made inside a tokio runtime.
    pub fn new(bus: B, options: Options) -> Self {
        let shared = Arc::new(Shared {
            bus,
            reply_to: format!("hikari.replies.{}", fresh_id()),
            waiting: Mutex::default(),
            listening: watch::channel(false).0,
        });
        let listener = tokio::spawn(listen(Arc::clone(&shared)));
        let slots = Semaphore::new(options.max_in_flight);
        Self { shared, options, slots, listener }
    }

    /// The bus, to subscribe to events with.
    pub fn bus(&self) -> &B {
        &self.shared.bus
    }

    /// Call a method and wait for its answer.
    pub async fn call<C: Call>(&self, params: &C) -> Result<C::Answer, Error> {
        self.call_so(params, How::default()).await
    }

    /// Call a method in a way of its own.
    pub async fn call_so<C: Call>(&self, params: &C, how: How) -> Result<C::Answer, Error> {
        let deadline = how.deadline.unwrap_or(self.options.deadline);
        match timeout(deadline, self.until_answered(params, how, deadline)).await {
            Ok(answer) => answer,
            Err(_) => Err(Error::TimedOut),
        }
    }

    async fn until_answered<C: Call>(
        &self,
        params: &C,
        how: How,
        deadline: Duration,
    ) -> Result<C::Answer, Error> {
        let until = epoch_ms() + deadline.as_millis() as i64;
        let _slot = self.slots.acquire().await;
        let id = how.id.unwrap_or_else(fresh_id);
        let data = encode(&Request {
            v: VERSION,
            id: id.clone(),
            method: C::METHOD.into(),
            params,
            reply_to: Some(self.shared.reply_to.clone()),
            channel: self.options.channel.clone(),
            deadline_ms: Some(until),
        })
        .map_err(Error::Encode)?;
        let mut reply = Waiting::begin(&self.shared, id)?;
        for failures in 0.. {
            let patience = self.options.attempt * 2u32.pow(failures.min(8));
            let rest = match self.attempt(&data, how.durable, patience, &mut reply).await {
                Some(told) => match answer(&told) {
                    Err(Error::Refused(error)) if error.code.may_pass() => rest(&error, failures),
                    answer => return answer,
                },
                None => Duration::ZERO,
            };
            sleep(rest).await;
        }
        Err(Error::TimedOut)
    }

    /// Say a call and wait for a reply, for a while.
    async fn attempt(
        &self,
        data: &[u8],
        durable: bool,
        patience: Duration,
        reply: &mut Waiting<'_, B>,
    ) -> Option<Vec<u8>> {
        let mut listening = self.shared.listening.subscribe();
        while !*listening.borrow_and_update() {
            listening.changed().await.ok()?;
        }
        let bus = &self.shared.bus;
        let said =
            if durable { bus.append(DURABLE, FIELD, data).await } else { bus.publish(REQUESTS, data).await };
        if said.is_err() {
            sleep(pause(2)).await;
            return None;
        }
        timeout(patience, reply.replies.recv()).await.ok().flatten()
    }
}

impl<B: Bus> Drop for Client<B> {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// The place of a call among those whose reply is awaited; given up when dropped.
struct Waiting<'a, B: Bus> {
    shared: &'a Shared<B>,
    id: String,
    replies: mpsc::Receiver<Vec<u8>>,
}

impl<'a, B: Bus> Waiting<'a, B> {
    fn begin(shared: &'a Shared<B>, id: String) -> Result<Self, Error> {
        let (sender, replies) = mpsc::channel(4);
        let mut waiting = shared.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.contains_key(&id) {
            return Err(Error::IdInUse(id));
        }
        waiting.insert(id.clone(), sender);
        Ok(Self { shared, id, replies })
    }
}

impl<B: Bus> Drop for Waiting<'_, B> {
    fn drop(&mut self) {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

impl<B: Bus> Shared<B> {
    /// Give a reply to who waits for it; one that comes too late is let go.
    fn hand_out(&self, data: Vec<u8>) {
        let Ok(ReplyId { id }) = decode(&data) else { return };
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&id) {
            let _ = sender.try_send(data);
        }
    }
}

/// Listen for replies, on a new connection whenever one is lost.
async fn listen<B: Bus>(shared: Arc<Shared<B>>) {
    let mut failures = 0;
    loop {
        if let Ok(mut messages) = shared.bus.subscribe(&shared.reply_to).await {
            failures = 0;
            shared.listening.send_replace(true);
            while let Ok(data) = messages.next().await {
                shared.hand_out(data);
            }
            shared.listening.send_replace(false);
        }
        sleep(pause(failures)).await;
        failures += 1;
    }
}

fn answer<R: DeserializeOwned>(data: &[u8]) -> Result<R, Error> {
    let reply: Reply<R> = decode(data).map_err(Error::Decode)?;
    match reply.error {
        Some(error) => Err(Error::Refused(error)),
        None => match reply.result {
            Some(result) => Ok(result),
            None => decode(&NIL).map_err(Error::Decode),
        },
    }
}

/// When to come again: as it was told, and not all at once.
fn rest(error: &ErrorObject, failures: u32) -> Duration {
    match error.retry_after_ms() {
        Some(told) => Duration::from_millis(told).mul_f64(rand::thread_rng().gen_range(1.0..1.5)),
        None => PLACE_PAUSE + pause(failures),
    }
}

/// How long to wait after so many failures in a row.
pub(crate) fn pause(failures: u32) -> Duration {
    let pause = LONGEST_PAUSE.min(FIRST_PAUSE * 2u32.pow(failures.min(8)));
    pause.mul_f64(rand::thread_rng().gen_range(0.5..1.0))
}

fn fresh_id() -> String {
    format!("{:032x}", rand::thread_rng().gen::<u128>())
}

fn epoch_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis() as i64
}

/// What a transport says when the other side has gone.
pub(crate) fn gone(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, why)
}
