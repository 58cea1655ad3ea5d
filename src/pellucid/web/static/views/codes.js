// A panel: this network written with pellucid and with PyTorch, side by side.

import { h } from "../dom.js";

/** @param {import("../page.js").Page} page @returns {import("../page.js").View} */
export function codes({ t, network }) {
  const sizes = sizesOf(network);
  const last = sizes[sizes.length - 1];
  const ours = [
    "import pellucid as pl",
    "",
    `net = pl.mlp([${sizes.join(", ")}], activation="sigmoid",`,
    '             output="sigmoid", pixels=True)',
    "",
    "y = net(x)",
    `net.layers[2].W.shape  # (${sizes[0]}, ${sizes[1]})`,
    "",
    "pl.train(net, x, t, epochs=10, batch_size=32,",
    "         optimizer=pl.SGD(learning_rate=1.0))",
  ];
  const theirs = [
    "import torch",
    "from torch import nn",
    "",
    ...modelLines(sizes),
    "",
    "y = model(x / 255)",
    `model[1].weight.shape  # (${sizes[1]}, ${sizes[0]})`,
    "",
    "optimizer = torch.optim.SGD(model.parameters(), lr=1.0)",
    `target = nn.functional.one_hot(t, ${last}).float()`,
    "for epoch in range(10):",
    "    for rows in torch.randperm(len(x)).split(32):",
    "        optimizer.zero_grad()",
    "        y = model(x[rows] / 255)",
    "        loss = nn.functional.binary_cross_entropy(y, target[rows])",
    "        loss.backward()",
    "        optimizer.step()",
  ];
  const code = (/** @type {string} */ name, /** @type {string[]} */ lines) =>
    h(
      "figure",
      {},
      h("figcaption", {}, name),
      h(
        "pre",
        { tabindex: 0, role: "region", "aria-label": name, translate: "no" },
        h("code", { "data-testid": `code-${name.toLowerCase()}` }, lines.join("\n")),
      ),
    );
  const element = h(
    "div",
    {},
    h("p", {}, t("codes.text")),
    h("div", { class: "codes" }, code("pellucid", ours), code("PyTorch", theirs)),
  );
  return { element, render() {} };
}

/** @param {import("../network/network.js").Network} network */
function sizesOf({ neuronLayers }) {
  return neuronLayers.map(({ size }) => size);
}

/** @param {number[]} sizes of the layers */
function modelLines(sizes) {
  return [
    "model = nn.Sequential(",
    "    nn.Flatten(),",
    ...sizes.slice(1).map((size, i) => `    nn.Linear(${sizes[i]}, ${size}), nn.Sigmoid(),`),
    ")",
  ];
}

/** Return the shown network in PyTorch, in few lines. @param {import("../page.js").Page} page */
export function codeLines({ network }) {
  return [...modelLines(sizesOf(network)), "y = model(x / 255)"];
}
