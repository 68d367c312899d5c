"""How facts travel: followers, hosts, relay, rebuild, reactions. The only room with Faust."""
