"""What EventSub sends, for its tests."""

import itertools
import json

NUMBERS = itertools.count()
CHAT_EVENT = {
    "broadcaster_user_id": "1",
    "chatter_user_id": "77",
    "chatter_user_login": "anna",
    "chatter_user_name": "Anna",
    "message_id": "m-1",
    "message": {
        "text": "hey 😀 Kappa cheer100",
        "fragments": [
            {"type": "text", "text": "hey 😀 ", "emote": None},
            {"type": "emote", "text": "Kappa", "emote": {"id": "25"}},
            {"type": "text", "text": " "},
            {"type": "cheermote", "text": "cheer100", "cheermote": {"prefix": "cheer", "bits": 100}},
        ],
    },
    "message_type": "text",
    "badges": [
        {"set_id": "moderator", "id": "1", "info": ""},
        {"set_id": "subscriber", "id": "12", "info": "18"},
    ],
    "cheer": {"bits": 100},
    "reply": {"parent_message_id": "m-0"},
}


def frame(kind, payload, *, about=None, number=None):
    meta = {
        "message_id": f"frame-{next(NUMBERS)}" if number is None else number,
        "message_type": kind,
        "message_timestamp": "2026-01-10T20:00:00.123456789Z",
    }
    return json.dumps(
        {"metadata": meta | ({"subscription_type": about} if about else {}), "payload": payload}
    )


def notification(about, event, number=None):
    return frame(
        "notification", {"subscription": {"type": about}, "event": event}, about=about, number=number
    )


def welcome(session, keepalive=10):
    return frame("session_welcome", {"session": {"id": session, "keepalive_timeout_seconds": keepalive}})


def said(text, number):
    message = {"text": text, "fragments": [{"type": "text", "text": text}]}
    return notification("channel.chat.message", {**CHAT_EVENT, "message": message, "message_id": number})
