"""What the analyser says of a few lines of chat: the vote of its three members, emotion, toxicity, advice."""

import asyncio

from hikari_ml import AdvancedSentimentAnalyzer

CHAT = [
    ("anna", "that clutch was insane PogChamp"),
    ("ben", "we lost again 😭"),
    ("cleo", "great, another crash. just great"),
    ("dan", "you are such a stupid idiot"),
    ("emi", "what game are you playing next?"),
]


async def main() -> None:
    async with AdvancedSentimentAnalyzer() as analyzer:
        for username, text in CHAT:
            found = await analyzer.analyze_message(text, username)
            mood = found["sentiment"]["aggregate"]
            answer = found["response_recommendation"]
            print(f"{username}: {text}")
            print(f"    {mood['label']} ({mood['score']:.2f}, confidence {mood['confidence']:.2f})")
            print(f"    voted: {', '.join(found['sentiment']['members_used'])}")
            print(f"    feels {found['emotion']['primary']}, toxic: {found['toxicity']['is_toxic']}")
            print(f"    answer: {answer['tone']}, priority {answer['priority']}")


asyncio.run(main())
