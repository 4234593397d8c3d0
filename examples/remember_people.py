"""A memory that outlives the process: what viewers said, found again by meaning, per person."""

import asyncio
import tempfile

from hikari_ml import NeuralMemorySystem


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:  # a real companion names a folder that stays
        async with NeuralMemorySystem(folder) as memory:
            await memory.store_memory("I have two cats, Miso and Udon", "fact", {"user": "anna"}, 0.8)
            await memory.store_memory("my exam is on Friday, wish me luck", "fact", {"user": "ben"}, 0.7)
            await memory.store_memory("anna taught me to parry", "interaction", {"user": "ben"}, 0.5)

        async with NeuralMemorySystem(folder) as memory:  # a later evening
            for found in await memory.retrieve_memories("does she have any pets?", k=1, user="anna"):
                print(f"{found['content']}  (score {found['score']:.2f}, because {found['why']})")
            print("ben knows:", [name for name, _ in await memory.find_associations("ben")])
            print(await memory.get_context_summary("exam"))
            proof = await memory.erase_user("ben")
            print("erased of ben:", proof["memories"], "memories")


asyncio.run(main())
