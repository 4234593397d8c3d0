"""What YouTube's live chat API answers, for its tests."""

from hikari_ml.times import iso
from tests.support import START


def item(kind, number="m-1", marks=None, **details):
    return {
        "kind": "youtube#liveChatMessage",
        "id": number,
        "snippet": {"type": kind, "publishedAt": iso(START), "hasDisplayContent": True, **details},
        "authorDetails": {"channelId": "UC77", "displayName": "@anna", "isChatOwner": False, **(marks or {})},
    }


def text_item(text, number, **marks):
    return item("textMessageEvent", number, marks, textMessageDetails={"messageText": text})
