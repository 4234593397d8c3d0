"""Training and fine-tuning of the bundled chat model; needs the ``train`` extra to export what it learned."""
