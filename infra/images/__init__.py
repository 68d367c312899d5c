"""Reading and rendering of pictures, in worker processes beside the server.

`pool.VipsDarkroom` is the adapter of the port `Darkroom`; `render.render` does the work itself and needs no process.
Nothing here loads libvips until a picture is rendered, so the process that only hands work out stays small.
"""
