"""Exported programs that take any batch and any size of image."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from tests.conformance.case import Case, draw
from tests.gradients import BACKEND, array, randomize

SIZES = ((3, 6, 5, 4), (2, 9, 70, 4))


class Exports:
    case: Case
    in_lite = True  # whether LiteRT has every operation of its own

    def of_any_size(self):
        """A model of the layer on images of unknown size, away from where it began."""
        layer = self.case.make()
        model = keras.Sequential([keras.Input((None, None, 4)), layer])
        randomize(layer)
        layer(draw((3, 8, 8, 4), 3), training=True)
        return model

    @pytest.mark.full
    @pytest.mark.skipif(BACKEND != "tensorflow", reason="TensorFlow's programs")
    def test_a_saved_model_and_a_lite_one_of_unknown_sizes(self, tmp_path):
        import tensorflow as tf

        model = self.of_any_size()
        model.export(tmp_path / "model", verbose=False)
        served = tf.saved_model.load(tmp_path / "model")
        converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path / "model"))
        if not self.in_lite:
            sets = tf.lite.OpsSet
            converter.target_spec.supported_ops = [sets.TFLITE_BUILTINS, sets.SELECT_TF_OPS]
        lite = converter.convert()
        for shape in SIZES:
            x = draw(shape)
            wanted = array(model(x))
            np.testing.assert_allclose(array(served.serve(x)), wanted, atol=1e-5)
            if self.in_lite:  # else its interpreter needs TensorFlow linked to it
                np.testing.assert_allclose(run_lite(lite, x), wanted, atol=2e-5)

    @pytest.mark.skipif(BACKEND != "torch", reason="torch's programs")
    def test_a_torch_export_of_unknown_sizes(self):
        import torch

        model, free = self.of_any_size().eval(), torch.export.Dim.DYNAMIC
        sizes = {"args": ({0: free, 1: free, 2: free},)}
        exported = torch.export.export(
            model, (torch.tensor(draw((3, 8, 8, 4))),), dynamic_shapes=sizes, strict=False
        )
        for shape in SIZES:
            x = torch.tensor(draw(shape))
            wanted = array(model(x).detach())
            np.testing.assert_allclose(array(exported.module()(x).detach()), wanted, atol=1e-5)


def run_lite(content: bytes, x: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    lite = tf.lite.Interpreter(model_content=content)
    (inputs,), (outputs,) = lite.get_input_details(), lite.get_output_details()
    lite.resize_tensor_input(inputs["index"], x.shape)
    lite.allocate_tensors()
    lite.set_tensor(inputs["index"], x)
    lite.invoke()
    return lite.get_tensor(outputs["index"])
