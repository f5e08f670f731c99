"""The TransformerModel resource: its types, its rules, and the contract of operator, preparation and predictor.

Everything but reading and writing files is pure data and pure functions. The CRD, the validation off-cluster, the Job's
input and the reference pages are all derived from the pydantic types of this package.
"""

GROUP = "transformermodel.dev"
VERSION = "v1alpha1"
KIND = "TransformerModel"
PLURAL = "transformermodels"
API_VERSION = f"{GROUP}/{VERSION}"
