"""The TransformerModel resource: its types, its rules, and what operator, preparation and predictor tell each other.

Everything here is pure data and pure functions. The CRD, the checks off-cluster, the Job's input and the reference
documentation all come from the pydantic types of this package.
"""

GROUP = "transformermodel.dev"
VERSION = "v1alpha1"
KIND = "TransformerModel"
PLURAL = "transformermodels"
API_VERSION = f"{GROUP}/{VERSION}"
