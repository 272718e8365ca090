//! Nonces drawn many at a time, where asking the operating system costs more than everything else about them.

use core::fmt;

use zeroize::Zeroize;

use super::{NONCE_ENTROPY, Nonce};

/// Entropy for `N` nonces: got in one call, handed out in turn, and wiped as it is.
///
/// What it holds must be used by nobody else. A pool belongs to one thread, and a process that forks calls
/// [`clear`](Self::clear) in the child, or both hand out the same nonces. So does a virtual machine that is resumed twice from
/// one snapshot: a host that cannot tell draws each nonce from its system.
///
/// ```
/// use core::convert::Infallible;
/// use sallet_core::{Nonce, NoncePool};
///
/// let mut calls = 0;
/// let mut hardware = |entropy: &mut [u8]| -> Result<(), Infallible> {
///     calls += 1;
///     entropy.fill(calls); // yours is random
///     Ok(())
/// };
/// let mut pool = NoncePool::<2>::new();
/// assert_eq!(pool.draw(&mut hardware)?, Nonce::new([1; 16]));
/// assert_eq!(pool.draw(&mut hardware)?, Nonce::new([1; 16])); // from the same call
/// assert_eq!(pool.draw(&mut hardware)?, Nonce::new([2; 16]));
/// # Ok::<(), Infallible>(())
/// ```
pub struct NoncePool<const N: usize> {
    entropy: [[u8; NONCE_ENTROPY]; N],
    /// How many are left: the first ones. All others are zeros.
    left: usize,
}

impl<const N: usize> NoncePool<N> {
    /// An empty pool. One for no nonces does not compile.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N > 0, "a pool holds at least one nonce") };
        Self { entropy: [[0; NONCE_ENTROPY]; N], left: 0 }
    }

    /// The next nonce. `fill`, which is called when none is left, fills all the bytes it is given from a cryptographic source.
    ///
    /// # Errors
    /// What `fill` returns. Bytes that it has written by then are wiped and never used.
    pub fn draw<E>(&mut self, fill: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Nonce, E> {
        if self.left == 0 {
            if let Err(error) = fill(self.entropy.as_flattened_mut()) {
                self.clear();
                return Err(error);
            }
            self.left = N;
        }
        self.left -= 1;
        let entropy = &mut self.entropy[self.left];
        let nonce = Nonce::new(*entropy);
        entropy.zeroize();
        Ok(nonce)
    }

    /// Wipes what is left; the next nonce comes from a new call.
    pub fn clear(&mut self) {
        self.left = 0;
        self.entropy.zeroize();
    }
}

impl<const N: usize> Default for NoncePool<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Drop for NoncePool<N> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// How many are left, and none of them.
impl<const N: usize> fmt::Debug for NoncePool<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoncePool").field("left", &self.left).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::convert::Infallible;

    /// A source whose bytes are all different, so that a nonce handed out twice shows.
    fn counting() -> impl FnMut(&mut [u8]) -> Result<(), Infallible> {
        let mut next = 0_u128;
        move |entropy| {
            for nonce in entropy.as_chunks_mut::<NONCE_ENTROPY>().0 {
                next += 1;
                *nonce = next.to_be_bytes();
            }
            Ok(())
        }
    }

    #[test]
    fn each_nonce_is_handed_out_once_and_wiped() {
        let (mut pool, mut calls, mut source) = (NoncePool::<4>::new(), 0, counting());
        let mut seen = [0_u128; 10];
        for at in 0..seen.len() {
            let before = pool.entropy;
            let nonce = pool
                .draw(|entropy| {
                    assert_eq!(entropy.len(), 4 * NONCE_ENTROPY);
                    calls += 1;
                    source(entropy)
                })
                .unwrap();
            let drawn =
                (1..=12).find(|&number: &u128| Nonce::new(number.to_be_bytes()) == nonce).expect("from the source");
            assert!(!seen.contains(&drawn), "{drawn} twice");
            seen[at] = drawn;
            assert_eq!(pool.entropy[pool.left..].as_flattened(), [0; 64][..64 - 16 * pool.left].as_ref());
            if at % 4 != 0 {
                assert_eq!(pool.entropy[..pool.left], before[..pool.left], "what is to come stays as it was drawn");
            }
        }
        assert_eq!(calls, 3);
    }

    #[test]
    fn a_cleared_pool_keeps_nothing() {
        let (mut pool, mut source) = (NoncePool::<4>::new(), counting());
        assert_eq!(pool.draw(&mut source), Ok(Nonce::new(4_u128.to_be_bytes())));
        pool.clear();
        assert_eq!(pool.entropy, [[0; NONCE_ENTROPY]; 4]);
        assert_eq!(pool.draw(&mut source), Ok(Nonce::new(8_u128.to_be_bytes())));
    }

    #[test]
    fn what_a_failing_source_has_written_is_not_used() {
        let mut pool = NoncePool::<4>::new();
        let failed = pool.draw(|entropy| {
            entropy[..40].fill(7);
            Err("no entropy")
        });
        assert_eq!(failed, Err("no entropy"));
        assert_eq!((pool.entropy, pool.left), ([[0; NONCE_ENTROPY]; 4], 0));
        assert_eq!(pool.draw(counting()), Ok(Nonce::new(4_u128.to_be_bytes())));
    }

    #[test]
    fn debug_shows_none() {
        let mut pool = NoncePool::<2>::new();
        pool.draw(counting()).unwrap();
        let mut text = heapless::String::<64>::new();
        fmt::write(&mut text, format_args!("{pool:?}")).unwrap();
        assert_eq!(text, "NoncePool { left: 1, .. }");
    }
}
