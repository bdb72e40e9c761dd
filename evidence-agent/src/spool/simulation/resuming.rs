//! Restored vaults, keys used twice, and the operator's word.
