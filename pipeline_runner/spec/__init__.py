"""What the user wrote: YAML, its places, its models. The only home of pydantic and YAML."""
