"""Media types that schemathesis does not know by itself: what they carry are bytes."""

import schemathesis

# tus 1.0: the body of a PATCH.
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")


@schemathesis.deserializer("application/vnd.debian.binary-package")
def package(_context, response):
    """Returns the bytes of a package as text, a letter for each: schemas know no bytes."""
    return response.content.decode("latin-1")
