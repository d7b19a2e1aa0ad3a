"""The largest learning rate of a user's own Keras model, optimizer and data."""

from keras_norms.lab.max_learning_rate.find import find_max_learning_rate as find_max_learning_rate
from keras_norms.lab.max_learning_rate.result import MaxLearningRate as MaxLearningRate
