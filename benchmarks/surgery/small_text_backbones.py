"""What keras_hub's backbones of text, sound and several senses are made of, as small as they go."""

from __future__ import annotations

from benchmarks.surgery.part import Part
from benchmarks.surgery.small_image_backbones import IMAGE, SIDE, VIT, VITDET

VOCABULARY = 32
SIZES = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32}
TEXT = {**SIZES, "vocabulary_size": VOCABULARY}
GROUPED = {**TEXT, "num_query_heads": 4, "num_key_value_heads": 2}
del GROUPED["num_heads"]
HEADS = {**GROUPED, "head_dim": 4}
EXPERTS = {**GROUPED, "num_experts": 2}
QWEN_EXPERTS = {**EXPERTS, "moe_intermediate_dim": 16, "top_k": 1}
ELECTRA = {**TEXT, "vocab_size": VOCABULARY, "embedding_dim": 16}
del ELECTRA["vocabulary_size"]
SMOL = {
    **GROUPED,
    "num_attention_heads": 4,
    "attention_bias": False,
    "attention_dropout": 0.0,
    "rope_layer_enabled_list": [True, True],
    "layer_types": ["full_attention", "full_attention"],
    "mlp_bias": False,
    "layer_norm_epsilon": 1e-6,
    "max_position_embeddings": 64,
    "rope_theta": 10000.0,
    "partial_rotary_factor": 1.0,
}
del SMOL["num_query_heads"]
T5GEMMA = {"vocabulary_size": VOCABULARY} | {
    f"{side}_{name}": value
    for side in ("encoder", "decoder")
    for name, value in {
        "hidden_dim": 16,
        "intermediate_dim": 32,
        "num_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 4,
        "layer_types": ["full_attention", "full_attention"],
    }.items()
}
FALCON = {**TEXT, "num_attention_heads": 2}
del FALCON["num_heads"]
FNET = {**TEXT}
del FNET["num_heads"]
EDREC = {"vocab_size": VOCABULARY, "num_layers_enc": 2, "num_layers_dec": 2}
EDREC |= {"num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32}
GEMMA3N = {
    "text_vocab_size": VOCABULARY,
    "text_hidden_size": 16,
    "num_hidden_layers": 2,
    "pad_token_id": 0,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 4,
    "intermediate_size": [32, 32],
    "hidden_activation": "gelu_approximate",
    "layer_types": ["full_attention", "full_attention"],
    "sliding_window": 4,
    "rope_theta": 10000.0,
    "max_position_embeddings": 64,
    "vocab_size_per_layer_input": VOCABULARY,
    "hidden_size_per_layer_input": 4,
    "altup_num_inputs": 2,
    "laurel_rank": 4,
}
MOONSHINE = {"vocabulary_size": VOCABULARY, "filter_dim": 16, "hidden_dim": 16}
MOONSHINE |= {"encoder_num_layers": 1, "decoder_num_layers": 1, "intermediate_dim": 32}
MOONSHINE |= {"encoder_num_heads": 2, "decoder_num_heads": 2}
RWKV = {"hidden_size": 16, "head_size": 8, "num_layers": 2, "vocabulary_size": VOCABULARY}
RWKV |= {"intermediate_dim": 32, "gate_lora": 4, "mv_lora": 4, "aaa_lora": 4, "decay_lora": 4}
EYES = {**IMAGE, **SIZES, "patch_size": 16}
WORDS = {**TEXT, "embedding_dim": 16}
PALI = {**HEADS, "image_size": SIDE, "vit_patch_size": 16, "vit_num_heads": 2}
PALI |= {"vit_hidden_dim": 16, "vit_num_layers": 2, "vit_intermediate_dim": 32}
SAM_PROMPTS = {"hidden_size": 8, "image_embedding_size": (SIDE // 16, SIDE // 16)}
SAM_PROMPTS |= {"input_image_size": (SIDE, SIDE), "mask_in_channels": 4}
SAM_MASKS = {"num_layers": 1, "hidden_size": 8, "intermediate_dim": 16, "num_heads": 2}
SAM_MASKS |= {"embedding_dim": 8, "num_multimask_outputs": 3}
SAM_MASKS |= {"iou_head_depth": 2, "iou_head_hidden_dim": 8}
PARSEQ = {
    "image_encoder": Part("ViTBackbone", {**VIT, "mlp_dim": 32, "use_class_token": False}),
    "vocabulary_size": VOCABULARY,
    "max_label_length": 7,
    "decoder_hidden_dim": 16,
    "num_decoder_layers": 1,
    "num_decoder_heads": 2,
    "decoder_mlp_dim": 32,
}
VIDEO = {**IMAGE, "num_frames": 2, "patch_size": 16, "hidden_dim": 16, "intermediate_dim": 32}
VIDEO |= {"num_heads": 2, "num_spatial_layers": 1, "num_temporal_layers": 1}
VIDEO |= {"num_auxiliary_layers": 0}
FLUX = {
    "input_channels": 8,
    "hidden_size": 16,
    "mlp_ratio": 2.0,
    "num_heads": 2,
    "depth": 1,
    "depth_single_blocks": 1,
    "axes_dim": [2, 2, 4],
    "theta": 10000,
    "use_bias": True,
    "image_shape": (4, 8),
    "text_shape": (4, 8),
    "image_ids_shape": (4, 3),
    "text_ids_shape": (4, 3),
    "y_shape": (8,),
}


def _towers(kind: str, **more: int) -> Part:
    """One of images and one of words."""
    made = {"vision_encoder": Part(f"{kind}VisionEncoder", EYES)}
    made["text_encoder"] = Part(f"{kind}TextEncoder", WORDS)
    return Part(f"{kind}Backbone", {**made, **more})


ARGUMENTS = {
    **dict.fromkeys(("Bart", "Bert", "Bloom", "DebertaV3", "DistilBert", "ESM", "GPT2"), TEXT),
    **dict.fromkeys(("GPTNeoX", "OPT", "Roberta", "T5", "Whisper", "XLMRoberta", "XLNet"), TEXT),
    **dict.fromkeys(("Llama", "Llama3", "Mistral", "Phi3", "Qwen", "Qwen2"), GROUPED),
    **dict.fromkeys(("Gemma", "Qwen3", "Qwen3_5"), HEADS),
    **dict.fromkeys(("GptOss", "Mixtral"), EXPERTS),
    **dict.fromkeys(("SmolLM", "SmolLM3"), SMOL),
    **dict.fromkeys(("T5Gemma", "T5Gemma2"), T5GEMMA),
    "Albert": {**TEXT, "embedding_dim": 16},
    "EdRec": EDREC,
    "Electra": ELECTRA,
    "FNet": FNET,
    "Falcon": FALCON,
    "Flux": FLUX,
    "Gemma3": {**HEADS, "image_size": SIDE},
    "Gemma3n": GEMMA3N,
    "Gemma4": {**HEADS, "image_size": SIDE},
    "Moonshine": MOONSHINE,
    "PARSeq": PARSEQ,
    "PaliGemma": PALI,
    "Qwen3Moe": {**QWEN_EXPERTS, "head_dim": 4},
    "Qwen3_5Moe": {**QWEN_EXPERTS, "head_dim": 4, "shared_expert_intermediate_size": 16},
    "QwenMoe": {**QWEN_EXPERTS, "shared_expert_intermediate_dim": 16},
    "RWKV7": RWKV,
    "RoformerV2": {**TEXT, "head_size": 8},
    "SAM": {
        "image_encoder": Part("ViTDetBackbone", VITDET),
        "prompt_encoder": Part("SAMPromptEncoder", SAM_PROMPTS),
        "mask_decoder": Part("SAMMaskDecoder", SAM_MASKS),
    },
    "VideoPrism": VIDEO,
}
BACKBONES = {
    **{name: Part(f"{name}Backbone", given) for name, given in ARGUMENTS.items()},
    "CLIP": _towers("CLIP", projection_dim=8),
    "MetaCLIP2": _towers("MetaCLIP2", projection_dim=8),
    "SigLIP": _towers("SigLIP"),
}
