"""The only place where a module is imported by a name known only at run time.

Such an import cannot be followed in the source. So whoever calls `module` must also name the module in its code digest
(see workflow/lib/stages.py).
"""

import importlib
from types import ModuleType


def module(package: str, name: str) -> ModuleType:
    """Import the module `name` of one of the library's packages, such as `affine` of `tasks`.

    Raises ModuleNotFoundError if there is none.
    """
    return importlib.import_module(f"recurrence_circuits.{package}.{name}")
