//! The capture turn over collectors that are scripted.
