"""Objects as files: a disk of the machine in the place of an object store, behind the same signed URLs.

What the API's object routes need is `FileObjects` alone:

* `PUT /v1/objects/{key}`: `grant = verify_put(key, query, content_type=…, content_length=…)`, then
  `await receive(grant, stream)`; answer 200 with no body.
* `GET` and `HEAD /v1/objects/{key}`: `access = verify_get(key, query)`, then `found = await open(key)`; serve
  `found.path` with its `size`, `etag`, `modified_at` and `content_type`, ranges included. `access.public` says which
  `Cache-Control` applies: immutable for a year, or private until `access.expires_at`.

Every refusal is one of `domain.errors`, so the API's own table of statuses covers it.
"""
