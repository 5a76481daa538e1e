#!/usr/bin/env python3
"""Tells penguin species apart by two body measurements, with a small neural network in plain Python.

Every setting is one `name=value` argument, as Hydra programs take them:

    python3 train.py model.hidden=8 train.learning_rate=0.1 output.dir=out

The network is a softmax regression (`model.hidden=0`) or has one hidden layer of tanh units. It is trained by stochastic
gradient descent on two thirds of the birds, tested on the other third, and writes what came out to `results.json`.
"""

import csv
import json
import math
import random
import sys
from pathlib import Path

DEFAULTS = {
    "data.features": "[bill_length_mm,bill_depth_mm]",
    "model.hidden": "8",
    "train.epochs": "30",
    "train.learning_rate": "0.03",
    "seed": "1",
    "output.dir": ".",
    "wandb.group": "",
}


def read_settings(arguments):
    """The settings: what the arguments say, and the defaults for the rest."""
    settings = dict(DEFAULTS)
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if not equals or name not in DEFAULTS:
            sys.exit(f"train.py: unknown setting `{argument}`; there are: {', '.join(DEFAULTS)}")
        settings[name] = value
    return settings


def load(path, features):
    """The birds whose measurements are complete, as (standardised measurements, species index), and the species' names."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if all(row[name] != "NA" for name in features)]
    species = sorted({row["species"] for row in rows})
    columns = []
    for name in features:
        column = [float(row[name]) for row in rows]
        mean = sum(column) / len(column)
        deviation = math.sqrt(sum((value - mean) ** 2 for value in column) / len(column))
        columns.append([(value - mean) / deviation for value in column])
    labels = [species.index(row["species"]) for row in rows]
    return list(zip(map(list, zip(*columns)), labels)), species


class Network:
    """Inputs, an optional layer of tanh units, and one softmax output a class."""

    def __init__(self, inputs, hidden, classes, chance):
        self.hidden = self.layer(inputs, hidden, chance) if hidden else []
        self.output = self.layer(hidden or inputs, classes, chance)

    @staticmethod
    def layer(inputs, units, chance):
        """One row of weights a unit, the bias last."""
        scale = 1 / math.sqrt(inputs)
        return [[chance.gauss(0, scale) for _ in range(inputs)] + [0.0] for _ in range(units)]

    def forward(self, x):
        """The hidden activations and the probability of each class."""
        h = [math.tanh(weighted(unit, x)) for unit in self.hidden] or x
        scores = [weighted(unit, h) for unit in self.output]
        highest = max(scores)
        powers = [math.exp(score - highest) for score in scores]
        total = sum(powers)
        return h, [power / total for power in powers]

    def learn(self, x, label, rate):
        """One step of gradient descent on the cross-entropy of one bird."""
        h, probabilities = self.forward(x)
        errors = [p - (k == label) for k, p in enumerate(probabilities)]
        if self.hidden:
            for j, unit in enumerate(self.hidden):
                back = sum(error * row[j] for error, row in zip(errors, self.output)) * (1 - h[j] * h[j])
                descend(unit, x, rate * back)
        for row, error in zip(self.output, errors):
            descend(row, h, rate * error)


def weighted(weights, x):
    return weights[-1] + sum(w * value for w, value in zip(weights, x))


def descend(weights, x, step):
    for i, value in enumerate(x):
        weights[i] -= step * value
    weights[-1] -= step


def evaluate(network, birds):
    """The share of birds told right, and the mean cross-entropy."""
    right, loss = 0, 0.0
    for x, label in birds:
        _, probabilities = network.forward(x)
        right += max(range(len(probabilities)), key=probabilities.__getitem__) == label
        loss -= math.log(max(probabilities[label], 1e-12))
    return right / len(birds), loss / len(birds)


def main():
    settings = read_settings(sys.argv[1:])
    features = settings["data.features"].strip("[]").split(",")
    epochs, rate = int(settings["train.epochs"]), float(settings["train.learning_rate"])
    birds, species = load(Path(__file__).with_name("penguins.csv"), features)

    # The split is the same for every task, so that their results can be compared; the seed is the network's.
    random.Random(0).shuffle(birds)
    cut = len(birds) * 2 // 3
    train, test = birds[:cut], birds[cut:]

    chance = random.Random(int(settings["seed"]))
    network = Network(len(features), int(settings["model.hidden"]), len(species), chance)
    for epoch in range(1, epochs + 1):
        chance.shuffle(train)
        for x, label in train:
            network.learn(x, label, rate)
        if epoch % 10 == 0:
            accuracy, loss = evaluate(network, train)
            print(f"epoch {epoch}: training accuracy {accuracy:.3f}, loss {loss:.4f}", flush=True)

    train_accuracy, train_loss = evaluate(network, train)
    accuracy, loss = evaluate(network, test)
    results = {"accuracy": accuracy, "loss": loss, "train_accuracy": train_accuracy, "train_loss": train_loss}
    folder = Path(settings["output.dir"])
    folder.mkdir(parents=True, exist_ok=True)
    rounded = {name: round(value, 5) for name, value in results.items()}
    (folder / "results.json").write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")
    print(f"test accuracy {accuracy:.3f}, loss {loss:.4f}")


if __name__ == "__main__":
    main()
