//! Nonces from a seed.

use sallet_core::secret::Digest;
use sallet_core::{NONCE_ENTROPY, Nonce};

/// How many bytes of true randomness are wanted at start-up.
pub const SEED: usize = 32;

/// SHA-256 of a secret seed and a counter: as hard to predict as the seed is to guess, and the hash is in flash
/// already. A chip with a generator of true random numbers gives its bytes to [`Nonce::new`] and needs none of this.
#[derive(Debug)]
pub struct Entropy {
    seed_and_count: [u8; SEED + 8],
    count: u64,
}

impl Entropy {
    /// From a seed that nobody else knows and that no earlier start has used: a counter that begins again with the
    /// same seed would repeat the nonces.
    pub fn new(seed: &[u8; SEED]) -> Self {
        let mut seed_and_count = [0; SEED + 8];
        for (to, from) in seed_and_count.iter_mut().zip(seed) {
            *to = *from;
        }
        Self { seed_and_count, count: 0 }
    }

    /// 128 bits for one response.
    pub fn nonce(&mut self) -> Nonce {
        self.count = self.count.wrapping_add(1);
        for (to, from) in self.seed_and_count.iter_mut().skip(SEED).zip(self.count.to_be_bytes()) {
            *to = from;
        }
        let mut entropy = [0; NONCE_ENTROPY];
        for (to, from) in entropy.iter_mut().zip(Digest::of(&self.seed_and_count).to_bytes()) {
            *to = from;
        }
        Nonce::new(entropy)
    }
}
