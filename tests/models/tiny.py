"""Tiny models of the real architectures, built from config: the loading code is real, the weights are not."""

from __future__ import annotations

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
    T5Config,
    T5ForConditionalGeneration,
)

WORDS = "i you love hate this stream game is so good bad the a not and cats dogs play with".split()
STARS = {i: f"{i + 1} star{'s' if i else ''}" for i in range(5)}
EMOTIONS = dict(enumerate(["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]))
TOXICITY = dict(enumerate(["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]))


def save_tokenizer(folder: Path) -> int:
    """A word-level tokenizer with BERT's special tokens; returns the size of its vocabulary."""
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "</s>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]", eos_token="</s>",
    ).save_pretrained(folder)  # fmt: skip
    return len(vocabulary)


def bert_encoder(folder: Path, hidden: int = 32) -> Path:
    """A BERT encoder, as the chat model's training starts from."""
    torch.manual_seed(0)
    size = save_tokenizer(folder)
    config = BertConfig(
        vocab_size=size, hidden_size=hidden, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        max_position_embeddings=128,
    )  # fmt: skip
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def bert_classifier(folder: Path, labels: dict[int, str], *, even: bool = False) -> Path:
    """A BERT classifier (the shape of nlptown and toxic-bert); ``even`` gives every label the same logit."""
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=save_tokenizer(folder), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=130, id2label=labels,
        label2id={name: i for i, name in labels.items()},
    )  # fmt: skip
    model = BertForSequenceClassification(config)
    if even:
        torch.nn.init.zeros_(model.classifier.weight)
        torch.nn.init.zeros_(model.classifier.bias)
    model.save_pretrained(folder)
    return folder


def roberta_classifier(folder: Path, labels: dict[int, str]) -> Path:
    """A RoBERTa classifier (the shape of the seed's DistilRoBERTa)."""
    torch.manual_seed(2)
    config = RobertaConfig(
        vocab_size=save_tokenizer(folder), hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=140, pad_token_id=0, id2label=labels,
        label2id={name: i for i, name in labels.items()},
    )  # fmt: skip
    RobertaForSequenceClassification(config).save_pretrained(folder)
    return folder


def t5(folder: Path) -> Path:
    """A T5 that writes something, of no use to anybody."""
    torch.manual_seed(3)
    config = T5Config(
        vocab_size=save_tokenizer(folder), d_model=16, d_kv=8, d_ff=32, num_layers=1, num_heads=2,
        pad_token_id=0, eos_token_id=5, decoder_start_token_id=0,
    )  # fmt: skip
    T5ForConditionalGeneration(config).save_pretrained(folder)
    return folder


def sentence_transformer(folder: Path) -> Path:
    """A sentence-transformers model of 32 dimensions."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    encoder = Transformer(str(bert_encoder(folder / "encoder")), max_seq_length=64)
    model = SentenceTransformer(modules=[encoder, Pooling(32)], device="cpu")
    model.save(str(folder / "model"))
    return folder / "model"
