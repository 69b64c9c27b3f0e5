"""What the service answers, as documented in /openapi.json: each field with its unit, a file a
resource.

Routes build plain values from the mapped parts and write them with orjson; tests hold them against
these schemas.
"""
