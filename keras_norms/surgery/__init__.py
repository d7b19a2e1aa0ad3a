"""Operations on finished models: a model in, a new model out, the old one untouched."""
