//! Every method that can be called: its parameters, and what it answers.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::results;
use crate::Map;

/// The parameters of a method.
pub trait Call: Serialize + Sync {
    const METHOD: &'static str;
    type Answer: DeserializeOwned;
}

/// Parameters with their method and its answer; a field after `=` has that default.
macro_rules! calls {
    ($($method:literal $name:ident { $($field:ident: $kind:ty $(= $default:expr)?,)* } -> $answer:ty;)*) => {$(
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        pub struct $name { $(pub $field: $kind,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: calls!(@default $($default)?),)* }
            }
        }

        impl Call for $name {
            const METHOD: &'static str = $method;
            type Answer = $answer;
        }
    )*};
    (@default) => { Default::default() };
    (@default $default:expr) => { $default };
}

calls! {
    "analyze_message" AnalyzeMessage {
        text: String,
        username: String,
        context: Option<Map>,
    } -> results::MessageAnalysis;

    "store_memory" StoreMemory {
        content: String,
        memory_type: String = "interaction".into(),
        metadata: Option<Map>,
        importance: f64 = 0.5,
        created_at: Option<String>,
    } -> String;

    "retrieve_memories" RetrieveMemories {
        query: String,
        k: u32 = 5,
        memory_types: Option<Vec<String>>,
        user: Option<String>,
        as_of: Option<String>,
    } -> Vec<results::Memory>;

    "get_context_summary" GetContextSummary {
        topic: String,
        max_length: u32 = 500,
    } -> String;

    "summarize" Summarize {
        topic: String,
        max_length: u32 = 500,
    } -> results::Summary;

    "find_associations" FindAssociations {
        entity: String,
        max_hops: u32 = 2,
    } -> Vec<(String, f64)>;

    "get_memory_stats" GetMemoryStats {} -> results::MemoryStats;

    "consolidate" Consolidate {} -> results::Consolidation;

    "forget_memory" ForgetMemory { memory_id: String, } -> ();

    "erase_user" EraseUser { user: String, } -> results::ErasedEverywhere;

    "process_chat_message" ProcessChatMessage {
        username: String,
        message: String,
        timestamp: Option<String>,
        message_id: Option<String>,
    } -> results::MessageInsights;

    "record_metric" RecordMetric {
        name: String,
        value: f64,
        timestamp: Option<String>,
    } -> ();

    "retract_message" RetractMessage { message_id: String, } -> results::Retraction;

    "get_viewer_insights" GetViewerInsights { username: String, } -> results::Viewer;

    "forecast_metrics" ForecastMetrics {
        metric_name: String,
        periods: u32 = 24,
        freq: String = "h".into(),
    } -> results::Forecast;

    "detect_content_performance" DetectContentPerformance {
        content_id: String,
        engagement_metrics: BTreeMap<String, f64>,
    } -> results::ContentPerformance;

    "get_real_time_dashboard" GetRealTimeDashboard {} -> results::Dashboard;

    "perceive" Perceive { message: ChatMessage, } -> results::Insight;

    "health" Health {} -> results::Health;
}

/// A chat message; without a `timestamp` it is of now, without an `id` it has that of its call.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatMessage {
    pub username: String,
    pub text: String,
    pub timestamp: Option<String>,
    pub id: Option<String>,
    pub badges: Vec<String>,
    pub emotes: Vec<Emote>,
    pub roles: Vec<String>,
}

/// An emote that the platform marked; `start` and `end` count code points, not bytes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Emote {
    pub name: String,
    pub start: u64,
    pub end: u64,
}
