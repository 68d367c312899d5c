"""The object store of the cluster profile: MinIO, or anything else that speaks S3.

Clients put and get objects at the store itself, by URLs that are signed here without asking it. One bucket holds all:

* An object is private until it is published: read by `signed_url`, which ends within fifteen minutes.
* `publish(keys)` opens objects to everyone at `public_url`, a URL for ever, to be cached for a year; `withhold(keys)`
  ends that at once, at the origin. Whether an object is public is a tag on it, and the bucket's policy lets anyone read
  rendered files that carry the tag: going private moves no bytes, and a signed URL without its signature opens nothing.

So whoever develops a public photo publishes its variants *before* recording that it is ready, and who narrows an
audience withholds them. `move` leaves the tag behind: under its new key an object is private.
"""
