// `import Attune` gives a program all public modules.
@_exported public import Checkpoints
@_exported public import Classification
@_exported public import Datasets
@_exported public import Evaluation
@_exported public import Export
@_exported public import Files
@_exported public import Hub
@_exported public import Models
@_exported public import NN
@_exported public import Tokenization
@_exported public import Torch
@_exported public import Training
