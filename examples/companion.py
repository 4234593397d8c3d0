"""One channel, one call a message: what was said, what is known of the person, and what to answer."""

import asyncio
import tempfile

from hikari_ml import ChatMessage, Hikari

EVENING = [
    ChatMessage("anna", "I have two cats and they hate each other", id="m1"),
    ChatMessage("ben", "LUL", id="m2"),
    ChatMessage("anna", "my cats are fighting again right now", id="m3"),
]


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:  # without folder it is the user's data folder
        async with Hikari(channel="hikari", folder=folder) as hikari:
            for message in EVENING:
                insight = await hikari.perceive(message)
                known = [memory["content"] for memory in insight["memories"]]
                kept = insight["remembered"]
                print(f"{message.username}: {message.text}")
                print(f"    already known: {known}")
                print(f"    kept: {', '.join(kept['reasons']) if kept else 'no'}")
                print(f"    answer: {insight['recommendation']['priority']}")
            print("the chat feels", hikari.mood["dominant"], "and she shows", hikari.expression["dominant"])
            await hikari.retract("m1")  # the message was deleted by a moderator
            await hikari.erase_user("anna")  # and anna wants to be forgotten


asyncio.run(main())
