//! Random bytes from the operating system, drawn many at once.

use spec::evidence::field::{SALT_SIZE, Salt};
use spec::evidence::record::MAX_FIELDS;
use zeroize::Zeroizing;

use crate::error::AgentError;

/// How many are drawn at once: for a hundred records.
const POOL_SIZE: usize = SALT_SIZE * MAX_FIELDS * 64;

/// A pool of salts. Each is handed out once.
pub(crate) struct Salts {
    pool: Zeroizing<Vec<u8>>,
    next: usize,
}

impl Salts {
    /// An empty pool.
    pub(crate) fn new() -> Self {
        Self { pool: Zeroizing::new(Vec::new()), next: 0 }
    }

    /// Salts for one record, which has at most [`MAX_FIELDS`] fields.
    pub(crate) fn of_record(&mut self) -> Result<impl FnMut() -> Salt + '_, AgentError> {
        if self.pool.len() - self.next < MAX_FIELDS * SALT_SIZE {
            self.pool.resize(POOL_SIZE, 0);
            random(&mut self.pool)?;
            self.next = 0;
        }
        Ok(|| {
            let bytes = &self.pool[self.next..self.next + SALT_SIZE];
            self.next += SALT_SIZE;
            bytes.try_into().expect("a slice of a salt's size")
        })
    }
}

/// Fills `bytes` from the operating system.
pub(crate) fn random(bytes: &mut [u8]) -> Result<(), AgentError> {
    getrandom::fill(bytes).map_err(|error| AgentError::Random(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_salts_are_equal_across_pools() {
        let mut salts = Salts::new();
        let mut drawn: Vec<Salt> = Vec::new();
        for _ in 0..200 {
            let mut next = salts.of_record().unwrap();
            drawn.extend((0..MAX_FIELDS).map(|_| next()));
        }
        let count = drawn.len();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn.len(), count);
    }
}
