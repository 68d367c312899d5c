"""What the home feed's benchmark is made of: a world, its servers, and who asks them."""
