"""Looking at pictures with a model that the operator brings, by ONNX Runtime, in a process beside the server.

`detector.OnnxDetector` is the adapter of the port `Detector`. ONNX Runtime comes with the extra `detect`, or as
`onnxruntime-gpu`, whose GPU is used where it finds one; only the process that looks ever loads it.

What a model must be like: one input of pictures, `[batch, 3, height, width]` or `[batch, height, width, 3]`, of floats
or bytes; and one output of scores, `[batch, labels]`, or boxes, `[batch, places, 4]`, in fractions of the picture, with
either the scores of every label, `[batch, places, labels]`, or the score and the number of the best one, each
`[batch, places]`. The labels are a text file, a line for each, in the model's order; what stands for nothing (a
background, say) is an empty line.
"""
