"""What is installed for tests alone is hidden from the processes that they start: no image has it.

Where scipy is, transformers takes half a second to import it, and dozens of processes import transformers.
"""

_ABSENT = ("scipy", "sklearn")
HIDE_IT = f"import sys; sys.modules.update(dict.fromkeys({_ABSENT}))"
"""A line of Python, to be run before anything is imported."""
