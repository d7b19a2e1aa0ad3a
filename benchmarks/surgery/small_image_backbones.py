"""What the image backbones of keras_hub are made of where they are as small as they can be."""

from __future__ import annotations

from benchmarks.surgery.part import Part

SIDE = 64  # of an image
IMAGE = {"image_shape": (SIDE, SIDE, 3)}
ANY_IMAGE = {"image_shape": (None, None, 3)}

RESNET = {
    **IMAGE,
    "input_conv_filters": [8],
    "input_conv_kernel_sizes": [7],
    "stackwise_num_filters": [64, 16, 16, 32],
    "stackwise_num_blocks": [1, 2, 1, 1],
    "stackwise_num_strides": [1, 2, 2, 2],
    "block_type": "bottleneck_block",
}
BASIC = {**RESNET, "block_type": "basic_block", "input_conv_filters": [64]}
DEEP = {**RESNET, "block_type": "bottleneck_block_vd"}
DEEP |= {"input_conv_filters": [8, 8, 8], "input_conv_kernel_sizes": [3, 3, 3]}
RESNET18 = {**BASIC, **ANY_IMAGE, "stackwise_num_filters": [64, 128, 256, 512]}
CSPNET = {
    **IMAGE,
    "stem_filters": 8,
    "stem_kernel_size": 3,
    "stem_strides": 1,
    "stackwise_depth": [1, 2],
    "stackwise_strides": [1, 2],
    "stackwise_num_filters": [16, 32],
    "expand_ratio": [2.0],
}
CSPNETS = {
    f"CSPNet:{stage}": Part(
        "CSPNetBackbone", {**CSPNET, "stage_type": stage, "block_type": f"{block}_block"}
    )
    for stage, block in {"dark": "dark", "csp": "bottleneck", "cs3": "edge"}.items()
}
DENSENET = {**IMAGE, "stackwise_num_repeats": [2, 3], "growth_rate": 8}
EFFICIENTNET = {
    "input_shape": (SIDE, SIDE, 3),
    "stackwise_kernel_sizes": [3, 3, 5],
    "stackwise_num_repeats": [1, 2, 1],
    "stackwise_input_filters": [8, 16, 16],
    "stackwise_output_filters": [16, 16, 24],
    "stackwise_expansion_ratios": [1, 2, 2],
    "stackwise_squeeze_and_excite_ratios": [0.25, 0.25, 0.25],
    "stackwise_strides": [1, 2, 2],
    "stackwise_width_coefficients": [1.0, 1.0, 1.0],
    "stackwise_depth_coefficients": [1.0, 1.0, 1.0],
    "num_features": 32,
}
EFFICIENTNETS = {
    f"EfficientNet:{kind}": Part(
        "EfficientNetBackbone", {**EFFICIENTNET, "stackwise_block_types": [kind] * 3}
    )
    for kind in ("v1", "unfused", "fused", "cba")
}
HGNET = {
    **IMAGE,
    "depths": [1, 1, 1],
    "embedding_size": 8,
    "hidden_sizes": [16, 32, 32],
    "stem_channels": [3, 8, 8],
    "hidden_act": "relu",
    "use_learnable_affine_block": False,
    "stackwise_stage_filters": [(8, 8, 16, 1, 2, 3), (16, 8, 32, 1, 2, 3), (32, 8, 32, 1, 2, 5)],
    "apply_downsample": [False, True, True],
    "use_lightweight_conv_block": [False, False, True],
}
MOBILENET = {
    **IMAGE,
    "stackwise_expansion": [[16, 24], [48]],
    "stackwise_num_blocks": [2, 1],
    "stackwise_num_filters": [[16, 16], [24]],
    "stackwise_kernel_size": [[3, 3], [5]],
    "stackwise_num_strides": [[2, 1], [2]],
    "stackwise_se_ratio": [[None, None], [0.25]],
    "stackwise_activation": [["relu", "relu"], ["hard_swish"]],
    "stackwise_padding": [[1, 1], [2]],
    "output_num_filters": 32,
    "input_num_filters": 8,
    "depthwise_filters": 8,
    "depthwise_stride": 2,
    "depthwise_residual": False,
    "last_layer_filter": 32,
    "squeeze_and_excite": 0.5,
}
OF_BLOCKS = {  # of MobileNetV5: an edge, two universal inverted ones, one of attention
    "block_types": ["er", "uir", "uir", "mqa"],
    "num_filters": [8, 16, 16, 16],
    "strides": [2, 2, 2, 1],
    "act_layers": ["relu"] * 4,
    "exp_ratios": [2.0] * 4,
    "se_ratios": [0.0] * 4,
    "dw_kernel_sizes": [3, 3, 5, 3],
    "dw_start_kernel_sizes": [0, 0, 3, 0],
    "dw_end_kernel_sizes": [0] * 4,
    "exp_kernel_sizes": [3, 1, 1, 1],
    "pw_kernel_sizes": [1] * 4,
    "num_heads": [0, 0, 0, 2],
    "key_dims": [0, 0, 0, 8],
    "value_dims": [0, 0, 0, 8],
    "kv_strides": [0, 0, 0, 1],
    "use_cpe": [False] * 4,
}
MOBILENETV5 = {
    **IMAGE,
    "stackwise_num_blocks": [1] * 4,
    **{f"stackwise_{name}": [[value] for value in values] for name, values in OF_BLOCKS.items()},
    "use_msfa": False,
}
MIT = {
    **IMAGE,
    "num_layers": 2,
    "layerwise_depths": [1, 1],
    "layerwise_num_heads": [1, 2],
    "layerwise_sr_ratios": [4, 1],
    "layerwise_patch_sizes": [7, 3],
    "layerwise_strides": [4, 2],
    "hidden_dims": [8, 16],
    "max_drop_path_rate": 0.0,
}
XCEPTION = {"stackwise_conv_filters": [[8, 16], [24, 32], [32, 32]]}
XCEPTION |= {"stackwise_pooling": [True, True, False]}
DFINE = {
    **IMAGE,
    "backbone": Part("HGNetV2Backbone", {**HGNET, "out_features": ["stage2", "stage3"]}),
    "decoder_in_channels": [16, 16],
    "encoder_in_channels": [32, 32],
    "encoder_hidden_dim": 16,
    "hidden_dim": 16,
    "num_labels": 4,
    "num_denoising": 0,
    "learn_initial_query": False,
    "num_queries": 6,
    "anchor_image_size": (SIDE, SIDE),
    "feat_strides": [8, 16],
    "num_feature_levels": 2,
    "encode_proj_layers": [1],
    "num_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "num_encoder_layers": 1,
    "hidden_expansion": 0.5,
    "depth_multiplier": 0.34,
    "eval_idx": -1,
    "num_decoder_layers": 2,
    "decoder_attention_heads": 2,
    "decoder_ffn_dim": 32,
    "decoder_n_points": [2, 2],
    "lqe_hidden_dim": 8,
    "num_lqe_layers": 2,
}
DEEPLAB = {
    **IMAGE,
    "image_encoder": Part("ResNetBackbone", RESNET),
    "spatial_pyramid_pooling_key": "P4",
    "upsampling_size": 4,
    "dilation_rates": [1, 2],
    "projection_filters": 8,
}
RETINANET = {**IMAGE, "image_encoder": Part("ResNetBackbone", RESNET), "use_fpn_batch_norm": True}
RETINANET |= {"min_level": 3, "max_level": 5, "use_p5": True}
VIT = {**IMAGE, "patch_size": 16, "num_layers": 2, "num_heads": 2, "hidden_dim": 16}
DINOV2 = {**VIT, "intermediate_dim": 32, "position_embedding_shape": (SIDE, SIDE, 3)}
DEPTH = {"image_encoder": Part("DINOV2Backbone", {**DINOV2, "num_layers": 4, "patch_size": 8})}
DEPTH |= {"reassemble_factors": [4, 2, 1, 0.5], "neck_hidden_dims": [8, 8, 16, 16]}
DEPTH |= {"fusion_hidden_dim": 8, "head_hidden_dim": 8, "head_in_index": -1}
DEPTH |= {"feature_keys": ["stage1", "stage2", "stage3", "stage4"]}
SWIN = {**IMAGE, "embed_dim": 8, "depths": [2, 2], "num_heads": [2, 2], "window_size": 4}
VITDET = {**IMAGE, "hidden_size": 16, "num_layers": 2, "intermediate_dim": 32, "num_heads": 2}
VITDET |= {"global_attention_layer_indices": [1], "num_output_channels": 8, "window_size": 2}

BACKBONES = {
    "ResNet": Part("ResNetBackbone", RESNET),
    "ResNet:basic": Part("ResNetBackbone", BASIC),
    "ResNet:preactivation": Part("ResNetBackbone", {**RESNET, "use_pre_activation": True}),
    "ResNet:vd": Part("ResNetBackbone", DEEP),
    "MobileNet": Part("MobileNetBackbone", MOBILENET),
    "MobileNetV5": Part("MobileNetV5Backbone", MOBILENETV5),
    "MobileNetV5:batch": Part("MobileNetV5Backbone", {**MOBILENETV5, "norm_layer": "batch_norm"}),
    **EFFICIENTNETS,
    "HGNetV2": Part("HGNetV2Backbone", HGNET),
    "HGNetV2:affine": Part("HGNetV2Backbone", {**HGNET, "use_learnable_affine_block": True}),
    "Xception": Part("XceptionBackbone", {**IMAGE, **XCEPTION}),
    "DenseNet": Part("DenseNetBackbone", DENSENET),
    "DeepLabV3": Part("DeepLabV3Backbone", DEEPLAB),
    "DeepLabV3:plus": Part("DeepLabV3Backbone", {**DEEPLAB, "low_level_feature_key": "P2"}),
    **CSPNETS,
    "RetinaNet": Part("RetinaNetBackbone", RETINANET),
    "BASNet": Part(
        "BASNetBackbone",
        {**IMAGE, "image_encoder": Part("ResNetBackbone", RESNET18), "num_classes": 1}
        | {"projection_filters": 64},
    ),
    "VGG": Part(
        "VGGBackbone",
        {**IMAGE, "stackwise_num_repeats": [1, 2], "stackwise_num_filters": [8, 16]},
    ),
    "MiT": Part("MiTBackbone", MIT),
    "SegFormer": Part(
        "SegFormerBackbone",
        {"image_encoder": Part("MiTBackbone", MIT), "projection_filters": 8},
    ),
    "DFine": Part("DFineBackbone", DFINE),
    "ViT": Part("ViTBackbone", {**VIT, "mlp_dim": 32}),
    "DeiT": Part("DeiTBackbone", {**VIT, "intermediate_dim": 32}),
    "DINOV2": Part("DINOV2Backbone", DINOV2),
    "DINOV3": Part("DINOV3Backbone", {**VIT, "intermediate_dim": 32}),
    "DepthAnything": Part("DepthAnythingBackbone", DEPTH),
    "SwinTransformer": Part("SwinTransformerBackbone", SWIN),
    "ViTDet": Part("ViTDetBackbone", VITDET),
}
