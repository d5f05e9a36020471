"""The vendor imitated on loopback, since it has no test system: real HTTP, the documented checks, faults to order.

```python
async with Sandbox(trunks=200) as sandbox:
    async with AsyncClient(sandbox.api_key, sandbox.api_secret, base_url=sandbox.url) as client:
        ...
```

Needs the extra `sandbox` (starlette and uvicorn), which `import itnio_async` never loads.
"""

from __future__ import annotations

try:
    import starlette  # noqa: F401  (asked for here, so that the advice below is all that a user reads)
    import uvicorn  # noqa: F401
except ModuleNotFoundError as error:
    raise ImportError(
        f"itnio_async.sandbox needs {error.name}, which is not installed: pip install 'itnio-async[sandbox]'",
        name=error.name,
    ) from error

from itnio_async.sandbox.agent_groups.tables import StoredGroup
from itnio_async.sandbox.assumptions import Assumption
from itnio_async.sandbox.families import Assumptions
from itnio_async.sandbox.faults import Fault, Order
from itnio_async.sandbox.record import AssumedRuleError, RecordedRequest
from itnio_async.sandbox.sandbox import Sandbox
from itnio_async.sandbox.sip_trunks.tables import StoredBinding, StoredTrunk

__all__ = [
    "AssumedRuleError",
    "Assumption",
    "Assumptions",
    "Fault",
    "Order",
    "RecordedRequest",
    "Sandbox",
    "StoredBinding",
    "StoredGroup",
    "StoredTrunk",
]
