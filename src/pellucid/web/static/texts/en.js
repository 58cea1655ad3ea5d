// The page's texts in English. Values replace the {places}.

export const en = {
  "page.title": "{name} – pellucid",
  "page.skip": "Skip to the drawing",
  "page.failed": "The page could not start: {reason}",
  "page.letters": "Keys P, R and F run the signals, reveal the answer and present",
  "page.licence":
    "Test digits: MNIST, by Yann LeCun and Corinna Cortes, licence CC BY-SA 3.0. This page " +
    "contacts no other server.",
  "page.no-digits": "This page contacts no other server.",
  "header.parameters": "{count} parameters",
  "header.accuracy": "{accuracy} of {rows} test digits right",
  "header.trained": "the network trained here",
  "header.language": "한국어",
  "header.theme": "Theme",
  "header.large": "Present",
  "header.large.help": "For a classroom: larger, on the whole screen (key F)",
  "theme.system": "Theme: auto",
  "theme.light": "Light",
  "theme.dark": "Dark",
  "theme.contrast": "High contrast",

  "pad.title": "Draw a digit",
  "pad.title.picture": "Draw a picture",
  "pad.label":
    "Drawing of {height} by {width} pixels. Draw with the pointer; or move with the arrow keys, " +
    "ink with Space, draw a line with Shift and an arrow.",
  "pad.cursor": "row {row}, column {column}: {value}",
  "pad.invite": "Draw a digit here",
  "pad.keys":
    "Arrow keys move, Space inks, Shift with an arrow draws a line, E erases, Delete clears.",
  "pad.erase": "Erase",
  "pad.undo": "Undo",
  "pad.redo": "Redo",
  "pad.clear": "Clear",
  "pad.brightness": "Brightness",
  "pad.centring": "Centre as in MNIST",
  "pad.centring.help":
    "The ink is cut out (dashed box) and fitted into 20 × 20 pixels, and its centre of mass " +
    "(cross) is moved to the middle of 28 × 28.",

  "pad.more": "Settings and other pictures",

  "load.title": "Test digit",
  "load.other": "Other pictures",
  "load.next": "Next test digit",
  "load.next.short": "Next digit",
  "load.random": "Random test digit",
  "load.random.short": "Random",
  "load.wrong": "Next misclassified test digit",
  "load.wrong.short": "Wrong",
  "load.noise": "Noise",
  "load.noise.short": "Noise",
  "load.image": "Image file",
  "load.image.short": "Image file",
  "load.none":
    "nothing stands out from the background in this image: choose one with a larger or darker " +
    "digit",
  "load.unread":
    "this file cannot be read as an image: choose PNG, JPEG or another format that the browser " +
    "supports",
  "load.none-wrong": "the network classifies all of these test digits correctly",
  "load.digit": "test digit {index}, label {label}",
  "load.digit.unknown": "test digit {index}",
  "load.example": "Example: test digit {index}, label {label}. A new drawing replaces it.",
  "load.number": "Number",
  "load.missing":
    "Test digit {index} is not in this page, which has {count}: every twentieth of MNIST (0, 20, " +
    "40, …). pellucid open has all 10,000.",
  "load.missing.server": "There is no test digit {index}: the numbers go from 0 to 9,999.",
  "load.noise.source": "random noise",
  "load.image.source": "image file",

  "answer.title": "Answer",
  "answer.empty": "draw to see it",
  "answer.match": "Degree of match",
  "answer.match.of": "Output {label}",
  "answer.match.help":
    "A degree of match, not a probability: each output is independent of the others.",
  "answer.probability": "Probability",
  "answer.then": "second: {label} ({value})",
  "answer.right": "right (label {label})",
  "answer.wrong": "wrong (label {label})",
  "answer.none": "No output means “none of them”: one of the ten is always the brightest.",
  "answer.hidden": "hidden: what do you expect?",
  "answer.reveal": "Reveal",
  "answer.reveal.help": "Show the answer to this drawing (key R)",
  "answer.predict": "Predict first",
  "answer.predict.help": "Hide the answer to each drawing until you reveal it",
  "answer.waits": "This part tells the answer. Reveal the answer first (key R).",
  "answer.spoken.none": "No answer: the drawing is empty.",
  "answer.spoken": "The network answers {label}, {value}.",
  "answer.spoken.value": "The network answers {value}.",
  "answer.values": "Values",
  "answer.interval": "between {low} and {high}, nine times out of ten",
  "answer.set": "{labels}, nine times out of ten",
  "answer.or": " or ",
  "answer.unlike": "Unlike the rows it learned from: {reasons}",
  "unlike.above": "{first} is above {end}",
  "unlike.below": "{first} is below {end}",
  "unlike.category": "{first} is a category that it never saw",
  "unlike.unusual": "{first} is unusual",
  "unlike.together": "{first} and {second} are unusual together",
  "members.title": "Members",
  "members.agree": "{agreeing} of {count} members agree: {low} to {high}",
  "members.values": "{count} members: {low} to {high}",
  "members.alone": "Member {member} of {count} by itself. All together: {all}",
  "members.all": "All together",
  "members.name": "Member {member}",
  "members.axis": "Probability of {label}, from 0 to 100 %:",
  "members.axis.match": "Output {label}, from 0 to 1:",
  "members.axis.values": "{name}, from {low} to {high}:",
  "members.text":
    "The members were trained alike, from different initial weights; the answer is the mean of " +
    "what they predict. Where they disagree, the training data do not settle the answer. Choose a " +
    "member to see its neurons.",
  "members.inside":
    "{count} networks side by side. To see neurons, choose one in the panel Members.",

  "layer.input": "input",
  "layer.hidden": "hidden layer {number}",
  "layer.short": "hidden {number}",
  "layer.output": "output",
  "layer.neurons": "{layer}: {count} neurons",
  "layer.more": "+{count} more",

  "stage.label": "The network: {shape} neurons",
  "stage.picture":
    "Input: {count} neurons, one for each pixel; {active} are lit. Arrow keys choose a pixel.",
  "stage.seen": "what the network sees",
  "stage.play": "Run signals",
  "stage.play.help": "Run the signals from the pixels to the answer again (key P)",
  "stage.help": "Arrow keys go from neuron to neuron, Enter opens one.",
  "stage.positive": "positive weight",
  "stage.negative": "negative weight",
  "stage.on": "lit: activation 1",
  "stage.off": "dark: 0",

  "neuron.label":
    "{layer}, neuron {name}: weighted sum {sum}, bias {bias}, activation {activation}",
  "neuron.label.plain": "{layer}, neuron {name}: activation {activation}",
  "neuron.label.off": "{layer}, neuron {name}: switched off, activation 0",
  "neuron.label.hidden": "{layer}, neuron {name}: hidden until the answer is revealed",
  "neuron.name": "{layer}, neuron {name}",
  "neuron.close": "Close",
  "neuron.hint": "Choose a neuron to see how its value is computed.",
  "pixel.title": "A pixel of the input",
  "pixel.place": "Row {row}, column {column}: ",
  "pixel.value": "{value} ({byte} of 255)",
  "pixel.products":
    "Its value times each weight goes into the sums of {layer}. A black pixel, 0, adds nothing, " +
    "whatever its weights.",
  "weights.title": "All weights",
  "weights.text":
    "The weights of every neuron of a layer as an image, before training and after it. Choose one " +
    "to see its neuron.",
  "weights.layer": "Layer",
  "weights.order":
    "Each cell is the weight of one of the {count} neurons of {layer}, in rows of {columns}.",
  "weights.range": "largest weight before: {before}, after: {after}",
  "weights.before.seed":
    "Before: the network that pellucid draws from seed {seed}, the seed that the model file " +
    "records. Both images of a neuron have one scale.",
  "weights.before.page":
    "Before: the network with which training began in this page. Both images of a neuron have one " +
    "scale.",
  "weights.before.none":
    "The model file records no seed of a network of this form, so the weights before training are " +
    "not known: these are the weights now.",
  "numbers.title": "Pixels as numbers",
  "numbers.label": "The input as numbers. Arrow keys choose a pixel, Escape leaves it.",
  "numbers.text":
    "This is all that the network gets: {count} numbers from 0 (black) to 1 (white), one for each " +
    "pixel. Nothing says that they are a picture, or which of them are neighbours.",
  "numbers.choose": "Choose a number to see what the pixel contributes.",
  "numbers.note": "The connections of the chosen pixel into {layer} are drawn in the network.",
  "start.title": "Start here",
  "start.lesson": "Lesson: what a neuron is, in {steps} short steps",
  "start.why": "Why is this {label} read as a {answer}?",
  "start.learn": "Watch a network being trained",
  "start.change": "Change its weights and see what happens",
  "start.hint":
    "Or draw a digit of your own, and choose a neuron in the picture to see how its value is " +
    "computed.",

  "detail.weights": "weights",
  "detail.products": "weights × input",
  "detail.picture.weights": "Weights as a picture: from {low} to {high}",
  "detail.picture.products": "Weights × input as a picture; their sum is {sum}",
  "detail.incoming": "Incoming: weight × activation",
  "detail.incoming.row": "{name}: weight {weight} × activation {activation} = {product}",
  "detail.sum": "The sum",
  "detail.sum.products": "weights × input",
  "detail.sum.bias": "bias",
  "detail.sum.total": "weighted sum",
  "detail.curve": "The activation",
  "detail.curve.label":
    "Curve of {name}; the point is at weighted sum {sum}, activation {activation}",
  "detail.threshold":
    "The activation exceeds {middle} where weights × input exceed {threshold}, the bias with its " +
    "sign reversed.",
  "detail.softmax":
    "Softmax compares all outputs: exp({sum}), divided by the sum over all outputs.",
  "detail.log-softmax":
    "LogSoftmax compares all outputs: {sum} less the logarithm of the sum of exp over all outputs.",
  "detail.outgoing": "Where its output goes",
  "detail.outgoing.answer": "This is the output for {label}.",
  "detail.residual":
    "This layer goes around others; its neurons have no weighted sum of their own.",
  "detail.off":
    "Switched off: its activation is held at 0, whatever the input. Weights and bias are kept, " +
    "and return when it is switched on again.",
  "detail.pattern": "Blue adds; orange with a checked pattern subtracts.",

  "columns.title": "Input",
  "columns.slider": "{name}, within three standard deviations of the mean",
  "columns.missing": "missing",
  "columns.other": "another category",
  "columns.start": "Reset to the means",
  "columns.probability": "the probability of {label}",
  "columns.rising": "A higher {names} can only raise {what}: the loaded weights prove it.",
  "columns.falling": "A higher {names} can only lower {what}: the loaded weights prove it.",
  "panels.title": "More",
  "count.title": "Count the parameters",
  "count.layer": "layer",
  "count.weights": "weights",
  "count.biases": "biases",
  "count.all": "parameters",
  "count.sum": "sum",
  "count.other": "other",
  "count.text":
    "Each neuron has a weight for every neuron of the layer before, and a bias. Input neurons " +
    "have neither: they hold the input.",

  "lesson.open": "Lesson",
  "lesson.steps": "Steps of the lesson",
  "lesson.progress": "Progress of the lesson",
  "lesson.previous": "Back",
  "lesson.next": "Next",
  "lesson.terms": "In Korean: ",
  "lesson.again": "Reset the picture",
  "lesson.end": "Finish",
  "lesson.onward": "What next?",
  "lesson.pixel.title": "A picture is numbers",
  "lesson.pixel.text":
    "You see a digit at a glance. The network gets 28 × 28 = {inputs} numbers, one for each " +
    "pixel, and nothing else: 0 is black, 1 is white. Here is a piece of the picture as " +
    "numbers.",
  "lesson.pixel.try":
    "Move the frame over the picture, by pointer or arrow keys: where are the large numbers?",
  "lesson.dark.title": "The same 3, other numbers",
  "lesson.dark.text":
    "In a darker 3 every number of the stroke is smaller. For you it is still a 3. The network " +
    "knows nothing but the numbers.",
  "lesson.dark.try":
    "Move the brightness slider: how dark can the picture be before the answer changes?",
  "lesson.neuron.title": "A neuron holds one number",
  "lesson.neuron.text":
    "A neuron holds one number between 0 and 1, its activation: 0 is dark, 1 is fully lit. " +
    "Every pixel is a neuron of the input. The one below is deeper inside: {neuron}. Neurons " +
    "are numbered by place; the number is no digit. Its activation for this picture is " +
    "{activation}.",
  "lesson.neuron.try": "Draw a digit of your own, slowly. When does the neuron light up?",
  "lesson.weight.title": "A weight for every pixel",
  "lesson.weight.text":
    "Every pixel is connected to this neuron, and every connection has a weight: a number that " +
    "says how much the pixel counts, and in which direction. In the picture of all {inputs} " +
    "weights, positive ones are blue and negative ones orange. The neuron multiplies each " +
    "pixel by its weight.",
  "lesson.weight.try":
    "Move the frame from pixel to pixel: where is the product above 0, and where below?",
  "lesson.sum.title": "Adding up",
  "lesson.sum.text":
    "The neuron adds up all {inputs} products, weight × pixel: {products} for this picture. " +
    "Ink on blue raises the sum, ink on orange lowers it. So its weights are a question to the " +
    "picture: is there ink here, and none there?",
  "lesson.sum.try":
    "Load other digits: the weights stay, the products change. For which digits is the sum high?",
  "lesson.sigmoid.title": "The curve",
  "lesson.sigmoid.text":
    "A sum z can be any number, an activation is between 0 and 1. The sigmoid σ(z) = 1 / (1 " +
    "+ e⁻ᶻ), e ≈ 2.72, turns z into it: nearly 0 far below 0, nearly 1 far above. Here the " +
    "sum is {products}; with a bias, which comes next, it is {sum} and becomes {activation}.",
  "lesson.sigmoid.try": "Draw slowly and watch the point move along the curve.",
  "lesson.bias.title": "The bias sets the threshold",
  "lesson.bias.text":
    "When should a neuron light up? Before the curve one more number is added: the bias, " +
    "{bias} here. The products add up to {products}; with the bias that is the weighted sum, {sum}.",
  "lesson.bias.try": "Move the bias: where does the neuron go dark?",
  "lesson.layer.title": "Many neurons are a layer",
  "lesson.layer.text":
    "{first} such neurons are a layer. All get the same {inputs} pixels, but each has weights " +
    "and a bias of its own: each asks the picture another question. The layer is called hidden " +
    "because it is neither the input nor the answer. Here are the weights of all {first}.",
  "lesson.layer.try":
    "The brighter the frame, the higher the activation. Which neurons does this picture light up?",
  "lesson.hope.title": "Edges, patterns, digits?",
  "lesson.hope.text":
    "Edges make loops and lines, and these make a digit: a 9 is a loop above a line. Many " +
    "introductions hope that the layers work like that: hidden layer 1 finds edges, hidden " +
    "layer 2 patterns, the output digits. The weight pictures show what hidden layer 1 really " +
    "found.",
  "lesson.hope.try": "In which pictures do you see a stroke, and in which hardly any?",
  "lesson.network.title": "Layer by layer to the answer",
  "lesson.network.text":
    "The {first} activations of hidden layer 1 are the input of the next layer: weights, " +
    "sum, bias and curve again, and so on to the output, {outputs} neurons, one for each " +
    "digit. The brightest is the answer; they need not add up to 1. This way from input to " +
    "output is the forward pass.",
  "lesson.network.try": "Choose neurons: which neurons before them count most?",
  "lesson.count.title": "{parameters} parameters",
  "lesson.count.text":
    "Weights and biases are called parameters. They are all that the network learns. A neuron " +
    "has one weight for every neuron of the layer before, and one bias. So hidden layer 1 has " +
    "{inputs} × {first} weights and {first} biases: {firstOwn} parameters.",
  "lesson.count.try": "Which layer has the most parameters, and why?",
  "lesson.matrix.title": "A whole layer in one line",
  "lesson.matrix.text":
    "For those who know matrices: write the weights of a layer's neurons side by side, as " +
    "the columns of a matrix W. The layer is y = σ(x W + b). Several pictures, a mini-batch, " +
    "are the rows of x, and one line computes all. The shape (2,\u00a03) means 2 rows and 3 " +
    "columns.",
  "lesson.matrix.try": "Change the number of pictures: which shapes change?",
  "lesson.activations.title": "Why a curve?",
  "lesson.activations.text":
    "Without a curve between the layers, more layers are no use: a line after a line is a " +
    "line. Let g(x) = 4x + 1 and then f(x) = 3x + 2. Together they are f(g(x)) = 3(4x + 1) + 2.",
  "lesson.activations.try": "Put a sigmoid in between and move x: what becomes of the line?",
  "lesson.learning.title": "Learning in small steps",
  "lesson.learning.text":
    "Nobody sets {parameters} numbers by hand. They start at random. The loss measures how " +
    "wrong the answers are. Backpropagation finds for each number whether it should grow or " +
    "shrink to lower the loss. Each moves a little that way, again and again.",
  "lesson.learning.try":
    "Press “{play}”: noise turns into patches. The network here is then a new one.",
  "lesson.torch.title": "The same in PyTorch",
  "lesson.torch.text":
    "For those who program: PyTorch needs only a few lines for this network. One thing " +
    "differs: nn.Linear keeps its weights transposed, rows and columns swapped: (outputs, " +
    "inputs). It computes x Wᵀ + b. The results are the same.",
  "lesson.torch.try": "Copy it into a notebook.",
  "lesson.own.title": "Your digit",
  "lesson.own.text":
    "You know every number now, from pixel to answer. A weight says how much one input counts " +
    "for a neuron. The bias says how hard the neuron is to light. A hidden layer is a layer " +
    "between input and output. Draw a digit, and explain to someone why the network reads it " +
    "as it does.",
  "lesson.own.try": "Can you draw a digit that you read and the network does not?",

  "ask.check": "Check",
  "ask.show": "Show me",
  "ask.right": "Right!",
  "ask.wrong": "Not quite.",
  "ask.pixel": "A pixel has the number 0.5. What colour is it?",
  "ask.pixel.one": "black",
  "ask.pixel.two": "grey",
  "ask.pixel.three": "white",
  "ask.pixel.hint": "0 is black and 1 is white. What is halfway between?",
  "ask.pixel.after": "Grey: 0.5 is halfway from black, 0, to white, 1.",
  "ask.dark": "At a quarter of the brightness, what will the network answer?",
  "ask.dark.one": "still the same",
  "ask.dark.two": "another digit",
  "ask.dark.three": "nothing",
  "ask.dark.hint": "Try it: move the brightness to 25 %.",
  "ask.dark.after":
    "At 25 % the answer is {quarter}. However dark the picture is, the network always " +
    "answers: one of its outputs is always the brightest.",
  "ask.weight": "A bright pixel has an orange weight. What is the product?",
  "ask.weight.one": "above 0",
  "ask.weight.two": "below 0",
  "ask.weight.hint": "Orange weights are negative. What is a positive number times a negative one?",
  "ask.weight.after":
    "Below 0: ink on orange speaks against this neuron, ink on blue speaks for it.",
  "ask.sum":
    "Three pixels are 1, 0.5 and 0; their weights are 2, −3 and 4. What is the sum of the products?",
  "ask.sum.hint": "Multiply each pixel by its weight, then add: 1 × 2, 0.5 × (−3), 0 × 4.",
  "ask.sum.after": "1 × 2 + 0.5 × (−3) + 0 × 4 = 2 − 1.5 + 0 = 0.5",
  "ask.sigmoid": "What does the sigmoid make of a sum of 0?",
  "ask.sigmoid.hint": "Look at the curve: how high is it in the middle?",
  "ask.sigmoid.after": "0.5, the middle. Above 0 the neuron is more lit than dark.",
  "ask.bias": "How large must weights × input be, so that the activation is just 0.5?",
  "ask.bias.hint": "The sigmoid makes 0.5 of 0. Which number plus {bias} is 0?",
  "ask.bias.after":
    "{threshold}, the bias with its sign reversed. That is the threshold: above it the neuron " +
    "lights up. The lower the bias, the harder it is to light.",
  "ask.layer": "How many weights has this layer?",
  "ask.layer.hint": "Each of its {first} neurons has {inputs} weights.",
  "ask.layer.after": "{inputs} × {first} = {layerWeights} weights, and {first} biases.",
  "ask.hope": "What do you see in these pictures?",
  "ask.hope.one": "clean edges",
  "ask.hope.two": "short strokes and spots",
  "ask.hope.three": "whole digits",
  "ask.hope.hint":
    "Look at the darkest places: how long are they, and how many are there in one picture?",
  "ask.hope.after":
    "Short strokes and spots: pieces of digits, but no clean edges. And the neurons of " +
    "hidden layer 2 each stand for several digits rather than for a loop. Nobody asked for " +
    "edges: training asks for right answers only.",
  "ask.network": "How many weights lead into one neuron of {layer}?",
  "ask.network.hint": "One from each neuron of the layer before.",
  "ask.network.after":
    "{before}: one from each neuron of the layer before, as there was one from each pixel.",
  "ask.count": "How many parameters has {layer}, with its {size} neurons?",
  "ask.count.hint": "Each of its {size} neurons has {before} weights and one bias.",
  "ask.count.after": "{before} × {size} + {size} = {own}",
  "ask.matrix":
    "For 10 pictures x is (10, {inputs}), and W is ({inputs}, {first}). Which shape has x W?",
  "ask.matrix.hint": "A row for each picture, a column for each neuron.",
  "ask.matrix.after": "(10, {first}): a row for each picture, a column for each neuron.",
  "ask.activations": "Multiply out: 3(4x + 1) + 2 = 12x + …",
  "ask.activations.hint": "3 × 1, and 2 more.",
  "ask.activations.after":
    "12x + 5: one straight line again, so two layers do the work of one. A curve in between " +
    "prevents that.",
  "ask.learning":
    "The weights are random, and there are ten digits. How many does the untrained network get " +
    "right?",
  "ask.learning.hint": "It can only guess: one of ten.",
  "ask.learning.after": "About 10 %, as by guessing. After training it is more than {reached}.",
  "ask.torch": "Which shape has the weight of the first nn.Linear?",
  "ask.torch.hint": "(outputs, inputs), and it has {first} outputs.",
  "ask.torch.after": "({first}, {inputs}): W transposed.",

  "looking.board": "The picture. Arrow keys move the frame.",
  "looking.piece": "In the middle: row {row}, column {column}, number {value}",
  "looking.pixel": "pixel",
  "looking.weight": "weight",
  "looking.product": "product",
  "hope.edges": "edges",
  "hope.patterns": "patterns",
  "hope.digit": "a digit",
  "finish.draw": "Draw a digit of your own: this network reads it at once.",
  "finish.read": "The network reads your drawing as {answer}; that output is {activation}.",
  "finish.score": "You answered {right} of {all} questions by yourself.",
  "finish.share": "Share this drawing",
  "finish.worksheet": "Worksheet to print",
  "worksheet.title": "Worksheet",
  "worksheet.text": "The lesson's questions on paper, made from its texts and this network.",
  "worksheet.lesson": "A neural network that reads digits",
  "worksheet.name": "Name",
  "worksheet.date": "Date",
  "worksheet.answers": "with answers",
  "worksheet.print": "Print",
  "worksheet.own": "In your own words",
  "worksheet.weight": "What is a weight?",
  "worksheet.weight.after":
    "A number on a connection: it says how much one input counts for a neuron, and in which " +
    "direction.",
  "worksheet.bias": "What is a bias?",
  "worksheet.bias.after":
    "A number that is added to the weighted sum of a neuron: it sets how large the sum must be " +
    "for the neuron to light up.",
  "worksheet.hidden": "What is a hidden layer?",
  "worksheet.hidden.after":
    "A layer of neurons between input and output. It gets the activations of the layer before " +
    "and hands its own on to the next.",

  "term.neuron": "neuron",
  "term.activation": "activation",
  "term.input": "input",
  "term.pixel": "pixel",
  "term.layer": "layer",
  "term.hidden": "hidden layer",
  "term.output": "output layer",
  "term.weight": "weight",
  "term.sum": "weighted sum",
  "term.bias": "bias",
  "term.threshold": "threshold",
  "term.sigmoid": "sigmoid",
  "term.function": "activation function",
  "term.matrix": "matrix",
  "term.batch": "mini-batch",
  "term.forward": "forward pass",
  "term.parameter": "parameter",
  "term.linear": "linear",
  "term.nonlinear": "non-linear",
  "term.loss": "loss",
  "term.backward": "backpropagation",
  "term.transpose": "transpose",

  "chain.bend": "sigmoid in between",
  "chain.straight": "f(g(x)) over x: a straight line",
  "chain.bent": "f(σ(g(x))) over x: a bent curve",

  "matrix.title": "As matrices",
  "matrix.text":
    "Each row of x is a picture, each column of W a neuron: all sums of a layer at once. The " +
    "bias b is added to every row.",
  "matrix.size": "Pictures in the mini-batch",
  "matrix.shapes": "Shapes, layer by layer",
  "matrix.results": "Outputs: a row for each picture",
  "matrix.picture": "picture",
  "matrix.row": "{index}, label {label}",

  "codes.title": "In PyTorch",
  "codes.more": "The whole program",
  "codes.text":
    "This network, new and untrained, in both libraries: x are pictures with pixels from 0 to " +
    "255, (N, 28, 28), t their digits. Loss and optimizer are the same.",

  "digits.title": "My digits",
  "digits.text":
    "Save your own drawings with their labels, to see how well the network reads your hand, and " +
    "to train one on it.",
  "digits.legend": "This drawing is a",
  "digits.save": "Save this drawing as a {label}",
  "digits.saved": "Saved as a {label}; {count} drawings in all.",
  "digits.removed": "Deleted; {count} drawings are left.",
  "digits.not-own": "Draw a digit yourself first: test digits and noise are not saved here.",
  "digits.empty": "Draw a digit first.",
  "digits.full": "{count} drawings are saved, and no more fit: delete some.",
  "digits.none": "Nothing is saved yet.",
  "digits.score": "The network reads {right} of {count} drawings correctly ({share}).",
  "digits.score.trained":
    "Trained on them, the network reads {right} of {count} drawings correctly ({share}). Draw new " +
    "ones to learn how well it reads your hand.",
  "digits.right": "a {label}, read correctly as {read}",
  "digits.wrong": "a {label}, misread as {read}",
  "digits.open": "Show this drawing: {words}",
  "digits.delete": "Delete this drawing of a {label}",
  "digits.images": "Download as images",
  "digits.idx": "Download as IDX",
  "digits.then": "Train on the download",
  "digits.kept": "Up to {count} drawings are kept in this browser, on this device only.",
  "digits.lost":
    "This browser keeps nothing here (a frame, or storage is off): the drawings are lost when the " +
    "page closes. Download them. At most {count} are held.",

  "class.title": "Class",
  "class.text":
    "Pupils open this address on their own devices, in the same network as this computer. They " +
    "draw, save with a label, and send; the drawings arrive here.",
  "class.code": "QR code of the class's address",
  "class.plain":
    "The connection is not encrypted: anyone in the network can read along. Whoever has the link " +
    "can send drawings, and nothing else. The drawings are kept until pellucid ends; download " +
    "them before.",
  "class.count": "Drawings: {count}, devices: {devices}",
  "class.labels": "Drawings by label",
  "class.score": "The network reads {right} of all {count} drawings correctly ({share}).",
  "class.train": "Train the network on these drawings",
  "class.training": "Training, for some seconds…",
  "class.result": "Before {before}, after {after} drawings read correctly.",
  "class.digits": "MNIST's 10,000 test digits: {before} before, {after} after.",
  "class.honest":
    "Every third drawing of a label, {count} in all, was held out and not trained on; {trained} " +
    "were, beside 6,000 of MNIST's. The hands are the same in both parts, so a new pupil's may " +
    "be read less well. With few drawings, chance moves the numbers much.",
  "class.latest": "Latest drawings",
  "class.device": "device {device}",
  "class.delete-device": "Delete all {count} drawings of device {device}",
  "class.nickname": "Nickname (or nothing)",
  "class.send": "Send {count} drawings to the teacher",
  "class.sent": "{count} sent.",
  "class.sent-mark": "sent",
  "class.sends":
    "Only saved drawings, their labels and the nickname are sent. The connection is not " +
    "encrypted, so take no real name.",
  "class.unreachable": "The teacher's computer does not answer: ask whether pellucid still runs.",

  "share.title": "Share",
  "share.text": "Make a link that opens the page as it is now, for a class or for yourself.",
  "share.opens": "The link opens",
  "share.step": "this step of the lesson",
  "share.input": "this drawing, with its settings",
  "share.neuron": "this neuron",
  "share.edits": "the edits of the network",
  "share.hides": "and hides",
  "hide.draw": "buttons of the drawing",
  "hide.settings": "brightness and centring",
  "hide.load": "test digits and other pictures",
  "hide.answer": "the answer",
  "hide.detail": "the neuron's details",
  "hide.panels": "all panels",
  "hide.lesson": "buttons to other steps",
  "hide.playground": "the playground's button",
  "hide.language": "language",
  "hide.theme": "theme",
  "share.language": "Language",
  "share.language.own": "the browser's",
  "share.panel": "Open panel",
  "share.panel.none": "none",
  "share.base": "Address of the page",
  "share.link": "Link",
  "share.copy": "Copy the link",
  "share.copied": "copied",
  "share.words.opens": "Opens: {what}.",
  "share.words.hides":
    "Hides: {what}. Hidden controls are only out of sight: the foot of the page shows them again.",
  "share.words.hides-nothing": "Hides nothing.",
  "share.words.step": "step {step}, {title}",
  "share.words.drawing": "your drawing",
  "share.words.edits": "{count} edits",
  "share.words.page": "the page in its first state",
  "share.local": "This address works on this computer only, while pellucid runs.",
  "share.trained":
    "The link does not hold a network that was trained here: it shows the network as it was " +
    "opened. Save it as a model file (Change the network) and open that.",
  "share.file": "The recipients of the link must be able to open this address.",
  "share.school":
    "For a class, write the page as one file or as a folder, put it on the school's web site, and " +
    "enter its address above. digits is the network that comes with pellucid; the file of your " +
    "own goes in its place.",
  "share.hidden": "This link hides some controls.",
  "share.reveal": "Show them",

  "why.title": "Ask why",
  "why.empty":
    "Draw first, or choose a neuron in the picture: without an answer there is nothing to explain.",
  "why.against":
    "{answer} and not {rival}: its weighted sum is larger by {gap}. In {layer}, the neurons " +
    "{plus} contribute most to {answer}, and {minus} contribute most to {rival}; the biases add " +
    "{bias}.",
  "why.answer":
    "Explained: {name}, the answer. To explain another neuron, choose it in the picture.",
  "why.chosen": "Explained: {name}, which you chose. Close it to explain the answer again.",
  "why.inputs": "Contribution of each input",
  "why.before": "Contribution of the layer before",
  "why.picture": "what the network sees",
  "why.adds": "contribution to the activation",
  "why.adds.label":
    "Contribution of each pixel to the activation: {sum} in all, none more than {largest}",
  "why.sum.black": "activation for a black picture",
  "why.sum.mean": "activation for an average row",
  "why.sum.zero": "activation for an input of zeros",
  "why.sum.plus": "inputs that raise it",
  "why.sum.minus": "inputs that lower it",
  "why.sum.now": "activation now",
  "why.gap.black":
    "Integrated gradients: along the path from black to this picture, in {steps} steps, the inputs " +
    "contribute {sum} in all. Gap to the true change: {gap}.",
  "why.gap.mean":
    "Integrated gradients: along the path from an average row, each column at the mean of the " +
    "training rows, to this one, in {steps} steps, the inputs contribute {sum} in all. Gap to the " +
    "true change: {gap}.",
  "why.gap.zero":
    "Integrated gradients: along the path from zeros to this input, in {steps} steps, the inputs " +
    "contribute {sum} in all. Gap to the true change: {gap}.",
  "other.title": "What would have to change",
  "other.target": "For the answer",
  "other.nearest": "whichever is nearest",
  "other.empty": "Draw first.",
  "other.same": "{before} is the answer already: choose another class.",
  "other.none":
    "No picture between black and white was found with that answer; it stays {before}. This does " +
    "not prove that there is none.",
  "other.found":
    "{before} ({sure}) becomes {after} ({then}) with a change of length {distance}: {count} " +
    "pixels, none by more than {largest}.",
  "other.none.row":
    "No change of the numbers within three standard deviations of the means and within the range " +
    "of training was found with that answer; it stays {before}. This does not prove that there is " +
    "none.",
  "other.found.row":
    "{before} ({sure}) becomes {after} ({then}) with these changes, of length {distance}.",
  "other.column": "column",
  "other.from": "now",
  "other.to": "changed",
  "other.note.row":
    "Numbers move within three standard deviations of their means and within the range of " +
    "training; categories and missing numbers stay. The length is in standard deviations. This is " +
    "the smallest change found, at the border between both answers; a smaller one may exist.",
  "other.before": "before: {before}",
  "other.after": "after: {after}",
  "other.between": "difference, up to {largest}",
  "other.note":
    "Pixels range from 0 to 1; the length is the root of the sum of squares. This is the " +
    "smallest change found, at the border between both answers; a smaller one may exist.",
  "similar.title": "Misclassified test digits like this one",
  "similar.by": "Nearest by",
  "similar.pixels": "pixels",
  "similar.hidden": "activations of {layer}",
  "similar.found":
    "{count} of {total} test digits are misclassified; the nearest come first. Choose one to " +
    "load it.",
  "similar.none": "No test digit is misclassified.",
  "similar.digit": "test digit {index}: {label}, read as {answer}; distance {distance}",
  "similar.card": "{label} as {answer}",
  "tune.title": "Change it",
  "tune.more": "More, in “Change the network”",
  "tune.bias": "Bias",
  "tune.no-bias": "The neurons of this layer have no bias.",
  "tune.threshold": "It lights up when weights × input exceed {threshold}; now they are {sum}.",
  "tune.shift": "The bias is added to weights × input, which are {sum} now.",
  "tune.off": "Switch off",
  "tune.on": "Switch on again",
  "tune.row": "Row",
  "tune.column": "Column",
  "tune.from": "From neuron ({layer})",
  "tune.weight": "Weight",
  "tune.pixel": "pixel in row {row}, column {column}",
  "tune.no-weight": "There is no such weight: choose another place.",
  "paint.label":
    "The neuron's weights. Paint with the pointer; or move with the arrow keys, paint with Space " +
    "or with Shift and an arrow, choose with + and - what paint does.",
  "paint.plus": "+ more weight",
  "paint.minus": "− less weight",
  "paint.strength": "Strength",
  "paint.help": "Paint on the weights; one stroke is one edit to undo.",
  "change.title": "Change the network",
  "change.neuron": "A neuron",
  "change.choose":
    "Choose a neuron in the picture to change its bias and weights, or to switch it off.",
  "change.activations": "Activations",
  "change.linear": "Remove all activations",
  "change.no-hidden": "This network has no hidden layer with an activation.",
  "collapse.result":
    "Without activations the hidden layers are one layer: {chain} = {one}. Its {count} " +
    "parameters do the same as all {all}. The pattern that each output looks for now:",
  "collapse.limit":
    "These weights were trained with activations. A network trained without them does much " +
    "better, about 92 % on MNIST, but more layers do not improve it.",
  "collapse.picture": "All weights of output {label} in one picture; bias {bias}",
  "collapse.same":
    "On {rows} pictures the weighted sums of the output differ by at most {difference}, which is " +
    "rounding.",
  "collapse.seed":
    "The same with two lines: f(x) = 3x + 2 after g(x) = 4x + 1 is 3(4x + 1) + 2 = 12x + 5, one " +
    "line again.",
  "effect.title": "Before and after",
  "effect.before": "before",
  "effect.after": "changed",
  "effect.answer": "Answer",
  "effect.neurons": "Changed neurons",
  "effect.changed": "{count} of {all}",
  "effect.held": "Test digits right",
  "effect.was": "{activation}; {before} without the edits",
  "effect.counting": "Evaluating test digits",
  "effect.all":
    "On all {rows} test digits of MNIST, none of which was used in training; in brackets the 95 " +
    "% confidence interval (Wilson). Changed neurons have a dashed ring in the picture.",
  "effect.some":
    "On the {rows} test digits in this page; in brackets the 95 % confidence interval (Wilson). " +
    "Changed neurons have a dashed ring in the picture.",
  "edits.title": "Edits",
  "edits.none": "Nothing has been changed.",
  "edits.back": "Remove all edits",
  "files.open": "Open a model file",
  "files.unread":
    "this is not a model file of pellucid: choose one that pellucid or this page saved " +
    "(.safetensors)",
  "files.other":
    "this page shows networks of (inputs, outputs) {asked}, but the file's has {got}: open it " +
    "with pellucid open FILE",
  "edits.save": "Save as a model file",
  "edits.remove": "Remove",
  "edits.remove.label": "Remove: {edit}",
  "edits.long":
    "These edits are too long for the page's address: a link shows the network without them. " +
    "Save them as a model file.",
  "edit.bias": "{name}: bias {value}",
  "edit.weight": "{name}: weight from {from} {value}",
  "edit.paint": "{name}: {count} weights painted",
  "edit.off": "{name}: off",
  "edit.activation": "{layer}: activation {type}",
  "edit.linear": "no activations in the hidden layers",

  "learn.title": "Train",
  "learn.text":
    "The network is trained on 50,000 digits. 10,000 others are held out: accuracy and the " +
    "solid curves are measured on them, so on digits that it was not trained on.",
  "learn.offline":
    "This page is one file and trains by itself: on {training} of the MNIST test digits that travel " +
    "with it, and {held} others are held out. So few give about 80 %. pellucid on your computer " +
    "trains the same page on 50,000 training digits:",
  "learn.here.layer":
    "This page trains no {name} layers. Start with new weights, or open the page by pellucid.",
  "learn.play": "Play",
  "learn.pause": "Pause",
  "learn.step": "One batch",
  "learn.epoch": "One epoch",
  "learn.place": "epoch {epoch}, batch {batch} of {batches}",
  "learn.after": "after epoch {epoch}",
  "learn.edited": "Loss and accuracy are those of the network in training, without your changes.",
  "learn.loss": "Loss",
  "learn.shares": "Accuracy",
  "learn.guess": "guessing: 10 %",
  "learn.training": "training digits",
  "learn.held": "held-out digits",
  "learn.back": "Back to epoch",
  "learn.rate": "Learning rate",
  "learn.batch": "Batch size (from the next epoch)",
  "learn.pace": "Speed",
  "learn.pace.slow": "slow: 20 batches a second",
  "learn.pace.epoch": "an epoch a second",
  "learn.pace.full": "as fast as it can",
  "learn.anew": "Restart: weights, layers, seed",
  "learn.from": "Start with",
  "learn.from.fresh": "new weights",
  "learn.from.shown": "the network on show",
  "learn.hidden": "Hidden layers",
  "learn.activation": "Activation function",
  "learn.seed": "Seed",
  "learn.start": "Restart",
  "learn.opened": "Show the network as opened",
  "learn.replaces":
    "Play replaces the network on show by a new one with random weights. One button brings yours " +
    "back.",
  "learn.now": "This is the network that is trained here, not the one that was opened.",
  "learn.waiting": "This is the network that was opened; the one in training is paused.",
  "learn.own": "also train on my {count} drawings (panel “My digits”)",
  "learn.seed.help":
    "The same seed and settings repeat a run to the last bit. So does going back to an epoch and " +
    "playing on; later epochs are then replaced.",
  "learn.diverged":
    "Training diverged in epoch {epoch}: its numbers grew until they were no longer finite. The " +
    "weights are those from before. Choose a smaller learning rate and play on.",
  "learn.rising":
    "The loss rises: it was {least} and is {last}. The steps are too large; try a third of the " +
    "learning rate.",
  "learn.guessing":
    "After a whole epoch the accuracy is {accuracy}, hardly more than by guessing. Most often " +
    "the learning rate is too large; try a tenth and restart.",
  "learn.finished": "This page trains no more than {epochs} epochs.",
  "learn.dead":
    "Dead neurons, {count} ({names}): on the flat part of their curve for each of {rows} digits, " +
    "so their gradient is 0 and they are no longer trained. A smaller learning rate or another " +
    "seed helps.",
  "learn.saturated":
    "Saturated neurons, {count} ({names}): at one end of their curve for nearly all of {rows} " +
    "digits, so they learn slowly.",
  "learn.lost": "The server does not respond. Is pellucid still running? Then reload the page.",

  "back.title": "Backpropagation",
  "back.target": "Label of the drawing",
  "back.known": "known: the label of the test digit",
  "back.loss": "Loss:",
  "back.ask": "Draw, and choose the class that you meant; that of a test digit is known.",
  "back.text":
    "Backpropagation computes for every value in which direction, and how strongly, a change " +
    "lowers the loss. The bars are the gradient with its sign reversed: blue means up, orange " +
    "and hatched means down. The arrows on the network show the same.",
  "back.by-sum": "by weighted sum",
  "back.by-activation": "by activation",
  "back.up": "{name} should go up, by {by}",
  "back.down": "{name} should go down, by {by}",
  "back.stay": "{name} should not change",
  "back.weights": "Where the weights should go: {layer}, neuron {name}",
  "back.picture": "Where its weights should go, as a picture, up to {most}; a click checks one",
  "back.bias": "bias: {slope}",
  "back.check":
    "Is it true? Move one weight up and down by 0.00001 and compute the loss both times: the " +
    "difference, divided by 0.00002, must be the gradient.",
  "back.from": "Weight from neuron",
  "back.formula": "Gradient by backpropagation",
  "back.tried": "Gradient by differences",
  "back.apart": "Difference",
  "back.step":
    "A training step subtracts the learning rate times the gradient: new weight = old weight − " +
    "rate × gradient. So the bars, the directions of change, are the gradient with its sign " +
    "reversed. At a rate of {rate} this weight goes {old} → {new}.",

  "evaluate.title": "Evaluate",
  "evaluate.wait": "One moment …",
  "evaluate.all-digits":
    "{right} of {rows} test digits are classified correctly: {share} (95 % interval {low} to " +
    "{high}).",
  "evaluate.page-digits":
    "{right} of the {rows} test digits in this page are classified correctly: {share} (95 % " +
    "interval {low} to {high}). pellucid open evaluates on all 10,000.",
  "evaluate.matrix": "Rows: label. Columns: the network's answer. A cell opens its pictures.",
  "evaluate.matrix.name": "Confusion matrix",
  "evaluate.label": "Label",
  "evaluate.right": "right",
  "evaluate.cell": "{label} read as {answer}: {count}",
  "evaluate.wrong": "Misclassified: {count}",
  "evaluate.all": "All misclassified digits",
  "evaluate.more": "{count} more",
  "evaluate.digit": "Test digit {index}, label {label}, read as {answer}",
  "robust.title": "Robustness",
  "robust.text":
    "How many test digits are still classified correctly when all of them are darkened, made " +
    "noisy, shifted or rotated?",
  "robust.measure": "Measure",
  "robust.wait": "Measuring: {change} …",
  "robust.right": "accuracy on {rows}",
  "robust.brightness": "Brightness",
  "robust.noise": "Noise (standard deviation, share of white)",
  "robust.shift": "Shift (pixels)",
  "robust.rotation": "Rotation (degrees)",
  "robust.offline": "pellucid open measures robustness to brightness, noise, shift and rotation.",

  "start.playground": "Train a small network of two inputs, and watch every neuron",
  "play.title": "Playground",
  "play.leave": "Leave the playground",
  "play.leave.short": "Leave",
  "play.facts": "A network of two inputs, trained in this page",
  "play.points": "Points",
  "play.network": "Network",
  "play.output": "Prediction",
  "play.data": "Data set",
  "play.data.moons": "moons",
  "play.data.circles": "circles",
  "play.data.spirals": "spirals",
  "play.data.xor": "XOR",
  "play.data.gaussians": "two clouds (Gaussian)",
  "play.data.own": "own points",
  "play.n": "Number of points",
  "play.noise": "Noise",
  "play.draw": "Seed of the points",
  "play.held": "Test points (%)",
  "play.counts": "{kept} points for training (filled), {held} for testing (hollow)",
  "play.known": "Settings that work for these points",
  "play.own": "Class of the next point",
  "play.class": "class {label}",
  "play.clear": "Remove all",
  "play.csv": "Points from a CSV file",
  "play.csv.text": "Three columns: x₁, x₂, class. Paste them here, or choose a file.",
  "play.csv.take": "Use this text",
  "play.csv.file": "Choose a file",
  "play.csv.read": "{count} points; class 0 is “{first}”, class 1 is “{second}”.",
  "play.csv.columns": "Line {line} has {count} cells; expected x₁, x₂ and a class.",
  "play.csv.number": "Line {line}: x₁ and x₂ must be numbers, such as 0.5.",
  "play.csv.classes": "Expected two classes in the third column, got {count}.",
  "play.csv.rows": "Expected 1 to {most} points, got {count}.",
  "play.rate": "Learning rate",
  "play.activation": "Activation",
  "play.optimizer": "Optimizer",
  "play.optimizer.sgd": "SGD",
  "play.optimizer.momentum": "SGD, momentum 0.9",
  "play.optimizer.adam": "Adam",
  "play.optimizer.rmsprop": "RMSprop",
  "play.optimizer.adagrad": "Adagrad",
  "play.more": "Batch size, seed, regularization",
  "play.batch": "Batch size",
  "play.seed": "Seed of the weights",
  "play.l1": "L1",
  "play.l2": "L2",
  "play.less": "Remove a layer",
  "play.deeper": "Add a hidden layer",
  "play.width": "Neurons of {layer}",
  "play.rewind": "Rewind",
  "play.speed.slow": "a batch a frame",
  "play.speed.normal": "an epoch a frame",
  "play.speed.fast": "as fast as it can",
  "play.place": "epoch {epoch}, then batch {batch} of {batches}",
  "play.after": "epoch {epoch}",
  "play.untrainable": "Training needs training points of both classes.",
  "play.diverged":
    "In epoch {epoch} numbers became infinite or NaN (not a number): the training diverged. The " +
    "weights are those from before that epoch. Try a smaller learning rate, then rewind.",
  "play.replaying": "The link's training is repeated up to epoch {epoch} …",
  "play.losses": "Loss",
  "play.training": "training points",
  "play.test": "test points",
  "play.score.loss": "Loss, training",
  "play.score.loss.test": "Loss, test",
  "play.score.accuracy": "Accuracy, training",
  "play.score.accuracy.test": "Accuracy, test",
  "play.legend":
    "Each small picture shows a neuron's activation for every point of the plane: blue above 0, " +
    "orange below; of the output, the probability of class 1. Lines are weights: blue positive, " +
    "orange and dashed negative, thicker for larger ones. The number below is the value at the cross.",
  "play.input": "x{number}",
  "play.input.text": "An input: the coordinate of the cross.",
  "play.weight": "Weight from {from} to {to}: {value}. Click to change it.",
  "play.weight.none": "Point at a line to read its weight; choose a neuron to change its numbers.",
  "play.surface":
    "Prediction over the plane. Arrow keys move the cross; with own points, 0 and 1 set a point of " +
    "that class, Delete removes the nearest.",
  "play.surface.keys":
    "Point, or move the cross with the arrow keys. With own points: click, or press 0 or 1, to set " +
    "a point; Delete removes the nearest. ● class 0, ■ class 1.",
  "play.cursor": "x₁ = {x}, x₂ = {y}: class {label}, {share}",
  "play.cursor.none": "x₁ = {x}, x₂ = {y}: the output is not a number",
  "play.head.from": "From",
  "play.head.weight": "Weight",
  "play.head.value": "× value",
  "play.head.product": "= product",
  "play.weight.of": "weight from {name}",
  "play.bias": "Bias",
  "play.sum": "Weighted sum:",
  "play.activation.at": "Activation:",
  "play.keep": "Save, link, Python",
  "play.save": "Save as a model file",
  "play.link": "Link to this training",
  "play.opened": "{name}: its weights are the first ones.",
  "play.python": "The same training in Python",
  "play.python.same": "Python gets the same numbers as this page, to 1e-6.",
  "play.python.changed":
    "Numbers were changed during the training, so this program gets other ones. Save the model file " +
    "to keep these.",
  "play.refused.inputs": "The playground shows networks of 2 inputs; this one has {count}.",
  "play.refused.outputs":
    "The playground shows networks of 1 or 2 outputs that classify (sigmoid or softmax); this one " +
    "has {count} outputs.",
  "play.refused.layer": "The playground trains no {name} layers; pl.train does.",
  "play.refused.size":
    "The playground shows up to {layers} hidden layers of {neurons} neurons; this network is larger.",
};
