//! Random inputs. They need to be unlike each other and nothing more.

use std::hash::{BuildHasher, RandomState};

/// SplitMix64 (Steele, Lea, Flood, 2014), seeded by what std seeds its hash maps with.
pub struct Random(u64);

impl Random {
    pub fn new() -> Self {
        Self(RandomState::new().hash_one(0))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// 0 or 1.
    pub fn class(&mut self) -> usize {
        usize::from(self.next() >> 63 == 1)
    }

    pub fn bytes(&mut self) -> [u8; 32] {
        std::array::from_fn(|_| self.next().to_le_bytes()[7])
    }
}
