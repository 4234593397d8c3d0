//! What comes back. Keys may be added at any time: unknown ones are ignored, missing ones have their default.
//!
//! Scores lie in [0, 1], times are ISO-8601 UTC strings. `degraded` lists fallbacks that had a part.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Map;

/// Plain structs whose keys may grow.
macro_rules! plain {
    ($($(#[$note:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $kind:ty,)* })*) => {$(
        $(#[$note])*
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct $name { $($(#[$about])* pub $field: $kind,)* }
    )*};
}

type Shares = BTreeMap<String, f64>;
type Counts = BTreeMap<String, u64>;
type Reasons = Vec<String>;

plain! {
    /// The vote: 0.5 is neutral.
    Aggregate { score: f64, label: String, confidence: f64, }

    /// A member of the vote; None: it had no evidence.
    Member { score: Option<f64>, }

    Sentiment {
        aggregate: Aggregate,
        bert: Member,
        vader: Member,
        emoji: Member,
        weights: Shares,
        members_used: Reasons,
        evidence: Reasons,
    }

    Emotion { primary: String, confidence: f64, scores: Shares, }

    Toxicity { overall: f64, is_toxic: bool, categories: Shares, }

    /// `start` and `end` count code points, not bytes.
    Entity { text: String, label: String, start: u64, end: u64, }

    Conversation {
        is_continuation: bool,
        similarity: f64,
        continues: Option<String>,
        recent_messages: u64,
        participants: u64,
        given: Map,
    }

    SentimentTrend {
        trend: String,
        change: f64,
        messages: u64,
        mean: Option<f64>,
        degraded: Reasons,
    }

    /// How a companion might answer.
    Recommendation { tone: String, response_tone: String, priority: String, reasons: Reasons, }

    /// Everything said about one message.
    MessageAnalysis {
        text: String,
        username: String,
        timestamp: String,
        language: String,
        sentiment: Sentiment,
        emotion: Emotion,
        toxicity: Toxicity,
        entities: Vec<Entity>,
        keywords: Reasons,
        conversation_context: Conversation,
        user_sentiment_trend: SentimentTrend,
        response_recommendation: Recommendation,
        model: String,
        degraded: Reasons,
    }

    Memory {
        id: String,
        content: String,
        #[serde(rename = "type")]
        kind: String,
        metadata: Map,
        importance: f64,
        arousal: f64,
        tier: String,
        created_at: String,
        last_access: String,
        access_count: u64,
        count: u64,
        valid_from: String,
        valid_to: Option<String>,
        superseded_by: Option<String>,
        score: f64,
        /// Each term of the score.
        why: Map,
        degraded: Reasons,
    }

    Summary { text: String, method: String, memories: Vec<String>, degraded: Reasons, }

    Graph { nodes: u64, edges: u64, }

    MemoryStats {
        total: u64,
        superseded: u64,
        by_tier: Counts,
        by_type: Counts,
        users: u64,
        episodes: u64,
        graph: Graph,
        bytes: u64,
        model: String,
        oldest: Option<String>,
        newest: Option<String>,
        degraded: Reasons,
    }

    Consolidation {
        examined: u64,
        promoted: u64,
        episodic: u64,
        forgotten: u64,
        episodes: u64,
        degraded: Reasons,
    }

    /// Proof of what was erased of a viewer's memories.
    Erasure {
        user: String,
        memories: u64,
        vectors: u64,
        edges: u64,
        episodes: u64,
        compacted: bool,
        bytes_before: u64,
        bytes_after: u64,
        degraded: Reasons,
    }

    /// Proof of what was erased of a viewer, everywhere.
    ErasedEverywhere {
        user: String,
        memory: Erasure,
        analytics: bool,
        trends: u64,
        degraded: Reasons,
    }

    Retraction { message_id: String, counted: bool, forgotten: bool, degraded: Reasons, }

    MessageInsights {
        username: String,
        engagement_score: f64,
        is_anomaly: bool,
        anomaly_score: f64,
        recommendations: Reasons,
        features: Map,
        degraded: Reasons,
    }

    ViewerInsights {
        username: String,
        message_count: u64,
        engagement_score: f64,
        favorite_topics: Vec<(String, f64)>,
        most_active_hour: u64,
        active_days: u64,
        tier: String,
        return_probability: f64,
        return_model: String,
        sentiment: Option<f64>,
        sentiment_trend: Option<String>,
        bot: Option<String>,
        first_seen: String,
        last_seen: String,
        degraded: Reasons,
    }

    NoViewer { username: String, degraded: Reasons, }

    ForecastPoint { ds: String, yhat: f64, yhat_lower: f64, yhat_upper: f64, }

    ForecastStep {
        ds: String,
        yhat: f64,
        yhat_lower: f64,
        yhat_upper: f64,
        on_air: Option<f64>,
    }

    Forecast {
        metric: String,
        /// "ok" or "no_data".
        status: String,
        model: Option<String>,
        forecasts: Vec<ForecastStep>,
        current_value: Option<f64>,
        trend: String,
        skill: Option<f64>,
        backtest: Shares,
        reason: Option<String>,
        degraded: Reasons,
    }

    ContentPerformance {
        content_id: String,
        performance_score: f64,
        percentile: Option<f64>,
        likely_range: Vec<f64>,
        is_top_performer: bool,
        compared_with: u64,
        recommendations: Reasons,
        degraded: Reasons,
    }

    Moment {
        at: String,
        start: String,
        end: String,
        score: f64,
        decided_at: String,
        reason: String,
    }

    Alert { at: String, kind: String, score: f64, reason: String, }

    TopChatter { username: String, messages: u64, engagement_score: f64, }

    Predictions {
        status: String,
        model: Option<String>,
        skill: Option<f64>,
        horizons: BTreeMap<String, ForecastPoint>,
        reason: Option<String>,
    }

    CurrentMetrics {
        messages_per_minute: f64,
        speed: String,
        unique_chatters: u64,
        viewer_count: Option<f64>,
        viewer_count_at: Option<String>,
        mood: Option<f64>,
        toxicity_rate: f64,
        emote_rate: f64,
        emotions: Shares,
        total_messages: u64,
        total_chatters: u64,
        late_messages: u64,
    }

    Dashboard {
        current_metrics: CurrentMetrics,
        trends: BTreeMap<String, String>,
        top_chatters: Vec<TopChatter>,
        topics: Vec<(String, f64)>,
        moments: Vec<Moment>,
        alerts: Vec<Alert>,
        predictions: Predictions,
        timestamp: String,
        degraded: Reasons,
    }

    Remembered {
        id: String,
        #[serde(rename = "type")]
        kind: String,
        importance: f64,
        reasons: Reasons,
    }

    /// Everything a channel makes of one message.
    Insight {
        message_id: Option<String>,
        analysis: MessageAnalysis,
        memories: Vec<Memory>,
        insights: MessageInsights,
        recommendation: Recommendation,
        remembered: Option<Remembered>,
        degraded: Reasons,
    }

    Health {
        status: String,
        version: String,
        worker: String,
        channels: Vec<String>,
        in_flight: u64,
        uptime_seconds: f64,
        degraded: Reasons,
    }

    /// Of an event: what was remembered of which line.
    StoredLine {
        id: String,
        #[serde(rename = "type")]
        kind: String,
        importance: f64,
        reasons: Reasons,
        content: String,
        username: String,
        message_id: Option<String>,
    }

    /// Of an event: the mood of the chat; `valence` lies in [-1, 1].
    Mood { valence: f64, arousal: f64, dominant: String, intensity: f64, }

    /// What an avatar is told; the numbers are complete, so that nothing of an earlier look is left.
    Avatar {
        /// Of VTube Studio.
        hotkey: Option<String>,
        /// NAME.exp3.json.
        live2d: Option<String>,
        /// Tracking parameters of VTube Studio.
        vts: Shares,
        /// Blend shapes of VMC, 0 to 1.
        vrm0: Shares,
        vrm1: Shares,
    }

    /// Of an event: what Hikari might show now; `valence` lies in [-1, 1].
    Expression {
        dominant: String,
        intensity: f64,
        valence: f64,
        arousal: f64,
        tone: String,
        /// The feeling of the chat that is answered so.
        because: String,
        since: Option<String>,
        avatar: Avatar,
        degraded: Reasons,
    }

    /// Of an event: another streamer came with their viewers.
    Raid { username: String, viewers: u64, }

    /// Of an event: the stream began, ended or changed; None is what was not told.
    Stream { live: Option<bool>, title: Option<String>, game: Option<String>, }

    /// Of an event: how the way to the chat is. After a "gap" something may be missing.
    Source { state: String, reason: String, }

    /// Of an event: a message that was deleted.
    Retracted { message_id: String, }

    /// Of an event: a viewer who is to be forgotten.
    Erased { user: String, }
}

/// What is known of a viewer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status")]
pub enum Viewer {
    #[serde(rename = "ok")]
    Known(Box<ViewerInsights>),
    #[serde(rename = "no_data")]
    Stranger(NoViewer),
}
