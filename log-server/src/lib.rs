//! Makes it happen: order, durability, signed tree heads, HTTP.
