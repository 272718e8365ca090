//! A random generator with a fixed seed.

use std::iter;

/// SplitMix64.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// From 0 to `end`, without it.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).expect("below a usize")
    }

    pub fn between(&mut self, least: usize, most: usize) -> usize {
        least + self.below(most - least + 1)
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }

    /// `least` to `most` characters of `alphabet`.
    pub fn text(&mut self, alphabet: &str, least: usize, most: usize) -> String {
        let characters: Vec<char> = alphabet.chars().collect();
        let length = self.between(least, most);
        iter::repeat_with(|| characters[self.below(characters.len())]).take(length).collect()
    }

    /// `least` to `most` of what `make` makes.
    pub fn several<T>(&mut self, least: usize, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.between(least, most)).map(|_| make(self)).collect()
    }

    /// ABNF's strings are case-insensitive (RFC 5234 section 2.3).
    pub fn any_case(&mut self, text: &str) -> String {
        if !self.once_in(8) {
            return text.to_owned();
        }
        text.chars().map(|c| if self.once_in(2) { c.to_ascii_uppercase() } else { c }).collect()
    }
}
