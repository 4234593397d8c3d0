//! [`hikari_engine`] over the libraries that an engine has anyway: redis-rs for calls and events,
//! tokio-tungstenite for the feed.

pub mod bus;
pub mod dial;

pub use bus::RedisBus;
pub use dial::WsDial;
